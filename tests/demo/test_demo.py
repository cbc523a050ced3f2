"""The demo's DAG, in a real Airflow, against the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.outcome import last_error
from airflow_provider_dbtsegment.demo.progress import Progress
from airflow_provider_dbtsegment.demo.report import write_summary
from airflow_provider_dbtsegment.demo.run import FolderInUse, own_folder, run_dag
from airflow_provider_dbtsegment.demo.sandbox_server import SandboxServer
from airflow_provider_dbtsegment.demo.scenarios import SCENARIOS


# The sandbox remembers what it has delivered: after a complete sync, only bad rows would be sent.
@pytest.mark.parametrize("scenario", ["bad-rows", "broken-model", "happy"])
def test_dbt_to_segment_runs_in_a_real_airflow(
    scenario: str,
    both_services: tuple[LocalAirflow, SandboxServer],
    progress: Progress,
    tmp_path: Path,
) -> None:
    result = run_dag(*both_services, SCENARIOS[scenario], progress)
    assert result.differences == []

    write_summary(tmp_path / "summary.json", scenario, result.outcome, 1.25)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["dag_run_state"] == ("success" if scenario == "happy" else "failed")
    assert summary["dbt"]["run_id"] > 0
    assert summary["dbt"]["status"] == ("error" if scenario == "broken-model" else "success")
    assert len(summary["syncs"]) == (0 if scenario == "broken-model" else 2)
    for sync in summary["syncs"]:
        assert (sync["rejected"] > 0) == (scenario == "bad-rows")


AIRFLOW_2_LOG = """\
[2026-01-31T10:00:00.000+0000] {taskinstance.py:1} INFO - starting
[2026-01-31T10:00:01.000+0000] {taskinstance.py:2} ERROR - Task failed with exception
Traceback (most recent call last):
  File "a.py", line 1, in execute
ValueError: inner
During handling of the above exception, another exception occurred:
some.module.RunFailedError: Run 7 failed:
  model customers: no such column
[2026-01-31T10:00:02.000+0000] {taskinstance.py:3} INFO - Marking task as FAILED
"""

AIRFLOW_3_LOG = """\
2026-01-31T10:00:00.000000Z INFO starting
2026-01-31T10:00:01.000000Z ERROR Task failed with exception
ValueError: inner
RunFailedError: Run 7 failed:
  model customers: no such column
2026-01-31T10:00:02.000000Z INFO done
"""


@pytest.mark.parametrize("log", [AIRFLOW_2_LOG, AIRFLOW_3_LOG])
def test_the_last_error_of_a_log_is_its_message(log: str) -> None:
    assert last_error(log) == "Run 7 failed:\n  model customers: no such column"


def test_a_folder_is_used_by_one_demo_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with own_folder(folder), pytest.raises(FolderInUse, match="Another demo"), own_folder(folder):
        pass
    with own_folder(folder):
        pass


def test_the_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    with pytest.raises(FolderInUse, match="no folder of this demo"), own_folder(tmp_path):
        pass
