"""Every example of the documentation does in a real Airflow what its page says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from tests.docs.pages import ROOT, codes, rows

#: Those of one group do not sync the same mapping; a sensor waits for what an earlier group starts.
GROUPS = [
    ["nightly_build", "keep_artifacts", "first_dag"],
    ["sync_all_mappings", "wait_for_dbt_run"],
    ["sync_customers", "wait_for_sync"],
]
#: The demo's own, which has tests of its own.
DEMO = "dbt_to_segment"


def test_every_example_is_run() -> None:
    there = {path.stem for path in (ROOT / "example_dags").glob("*.py")}
    assert {name for group in GROUPS for name in group} == there - {DEMO}


@pytest.mark.timeout(400)  # Airflow 2 runs one task at a time here
def test_examples_succeed_and_leave_what_their_pages_say(
    local_airflow: LocalAirflow, tmp_path: Path
) -> None:
    for group in GROUPS:
        run(local_airflow, group, {"folder": str(tmp_path)})

    def xcoms(dag_id: str, task_id: str, keys: Iterable[str]) -> dict[str, Any]:
        found = {key: local_airflow.api.xcom(dag_id, "example", task_id, key) for key in keys}
        assert None not in found.values(), found
        return found

    built = xcoms("nightly_build", "build", documented("## Run a dbt Cloud job"))
    assert built["run_summary"]["run_id"] == built["run_id"] == built["return_value"]
    report = xcoms("nightly_build", "report", ["return_value"])["return_value"]
    assert "success" in report
    assert built["run_url"] in report

    synced = xcoms("first_dag", "sync", documented("## Run a sync"))
    assert synced["sync_summary"]["sync_id"] == synced["sync_id"] == synced["return_value"]
    assert synced["sync_summary"]["status"] == "SUCCESS"

    kept = xcoms("keep_artifacts", "keep_manifest", ["return_value", "size"])
    manifest = tmp_path / "example" / "manifest.json"
    assert kept["return_value"].endswith(str(manifest))
    assert kept["size"] == manifest.stat().st_size
    assert "model.shop.customers" in json.loads(manifest.read_text())["nodes"]

    waited = xcoms("wait_for_dbt_run", "wait", ["run_id", "run_url", "run_summary"])
    # The newest one, which may be that of another example.
    assert waited["run_id"] >= xcoms("first_dag", "build", ["run_id"])["run_id"]
    assert waited["run_summary"]["run_id"] == waited["run_id"]
    xcoms("wait_for_sync", "wait", ["sync_id", "sync_url", "sync_summary"])


def documented(heading: str) -> list[str]:
    """Return the XComs that a page tells of."""
    return [codes(row[0])[0] for row in rows("operators.md", under=heading)]


def run(airflow: LocalAirflow, dag_ids: list[str], params: dict[str, str]) -> None:
    """Run DAGs side by side; all of them must succeed."""
    for dag_id in dag_ids:
        airflow.wait_for_dag(dag_id)
        conf = params if dag_id == "keep_artifacts" else {}
        airflow.api.trigger(dag_id, conf, "example")
    states = {dag_id: airflow.wait_for_run(dag_id, "example", timeout=150) for dag_id in dag_ids}
    assert states == dict.fromkeys(dag_ids, "success")
