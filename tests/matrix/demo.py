"""The demo's DAG in the real Airflow of an environment, deferred and not; run inside of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.progress import Progress
from airflow_provider_dbtsegment.demo.run import installation, run_dag
from airflow_provider_dbtsegment.demo.scenarios import DAG_ID, SCENARIOS
from tests.matrix.logs import complaints
from tests.matrix.looks import form_problems, page_problems, provider_problems
from tests.matrix.versions import ROOT

BLOCKING = f"{DAG_ID}_blocking"


def main(folder: Path, result: Path) -> None:
    """Run it below a folder, and write down everything that is not as it should be."""
    dags = folder / "dags"
    write_dags(dags)
    airflow = LocalAirflow(folder / "airflow", dags)
    progress = Progress(Console(width=140, highlight=False))
    found: dict[str, list[str]] = {}
    with installation(folder, airflow, progress) as sandbox:
        airflow.wait_for_dag(BLOCKING)
        happy = SCENARIOS["happy"]
        deferred = run_dag(airflow, sandbox, happy, progress)
        blocking = run_dag(airflow, sandbox, happy, progress, dag_id=BLOCKING, deferred=False)
        found["deferred"], found["blocking"] = deferred.differences, blocking.differences
        run_id = airflow.api.get(f"/dags/{DAG_ID}/dagRuns", limit=1)["dag_runs"][0]["dag_run_id"]
        found["pages"] = [
            *provider_problems(airflow),
            *form_problems(airflow),
            *page_problems(airflow, run_id),
        ]
    found["warnings"] = list(complaints(airflow))
    result.write_text(json.dumps(found, indent=1))


def write_dags(folder: Path) -> None:
    """Write the demo's DAG, and the same once more with tasks that wait in their workers."""
    source = (ROOT / "example_dags" / f"{DAG_ID}.py").read_text()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{DAG_ID}.py").write_text(source)
    blocking = source.replace(f'dag_id="{DAG_ID}"', f'dag_id="{BLOCKING}"')
    blocking = blocking.replace("deferrable=True", "deferrable=False")
    if blocking.count("deferrable=False") != 3 or f'"{BLOCKING}"' not in blocking:
        raise RuntimeError("The demo's DAG does not look as it is expected to.")
    (folder / f"{BLOCKING}.py").write_text(blocking)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
