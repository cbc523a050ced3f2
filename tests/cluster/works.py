"""What the sandbox offers to the pipelines: each has two mappings of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1] / "data" / "tiny"
SIDES = ("left", "right")
JOBS = 4
#: Rows of the model, and how many of them a destination takes in a second: a sync lasts 8 seconds.
ROWS, ROWS_PER_SECOND = 20, 2.5
#: Requests a minute, by what is asked for. They are the services' own but for the start of a sync,
#: of which Segment takes 20: two hundred pipelines would take it twenty minutes.
LIMITS = {
    "start_sync": 240,
    "sync_status": 250,
    "dbt_trigger": 10,
    "workspace": 5,
    "default": 300,
}
DBT_LIMIT = 5000


def config(pipelines: int) -> dict[str, Any]:
    """Return a `sandbox.yml` for so many pipelines."""
    environment = {"id": 100, "name": "Production", "schema": "tiny", "threads": 1}
    steps = ["dbt run --select people"]
    jobs = [
        {"id": number, "name": f"Build {number}", "environment_id": 100, "execute_steps": steps}
        for number in range(1, JOBS + 1)
    ]
    project = {"id": 10, "name": "Tiny", "environments": [environment], "jobs": jobs}
    model = {
        "id": "people",
        "source_id": "warehouse",
        "name": "People",
        "query": "select person_id, name, email from tiny.people",
        "query_identifier_column": "person_id",
    }
    mappings = [
        {
            "id": f"{side}_{number}",
            "model_id": "people",
            "destination": side,
            "throttle_rows_per_second": ROWS_PER_SECOND,
        }
        for number in range(pipelines)
        for side in SIDES
    ]
    return {
        "dbt_cloud": {
            "account": {"id": 1, "name": "Cluster", "run_slots": JOBS},
            "requests_per_minute": DBT_LIMIT,
            "projects": [project],
        },
        "segment": {
            "workers": 128,
            "rate_limits": LIMITS,
            "sources": [{"id": "warehouse", "name": "Warehouse"}],
            "destinations": [
                {"id": side, "name": side, "type": "jsonl", "path": f"{side}.jsonl"}
                for side in SIDES
            ],
            "models": [model],
            "mappings": mappings,
        },
    }


def write(path: Path, pipelines: int) -> None:
    """Write the `sandbox.yml`."""
    path.write_text(yaml.safe_dump(config(pipelines), sort_keys=False))
