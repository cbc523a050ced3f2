"""The operators of apache-airflow-providers-dbt-cloud, as Airflow runs them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook, DbtCloudJobRunException
from airflow.providers.dbt.cloud.operators.dbt import (
    DbtCloudGetJobRunArtifactOperator,
    DbtCloudListJobRunsOperator,
    DbtCloudListJobsOperator,
    DbtCloudRunJobOperator,
)

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.judges.conftest import BROKEN, BUILD, PROJECT, SLOW
from tests.task_bench import Ended, TaskInstance, run_task
from tests.waiting import wait_until

RUNNING, SUCCESS, CANCELLED = 3, 10, 30
IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


@pytest.fixture(autouse=True)
def connected(community_connection: Sandbox, asynchronously_trusted: None) -> None:
    """Every task has its connection."""


def operator(**options: Any) -> DbtCloudRunJobOperator:
    given = {"check_interval": 0.1, "trigger_reason": "The community", **options}
    return DbtCloudRunJobOperator(task_id="build", **given)


def run(try_number: int = 1, **options: Any) -> Ended:
    return run_task(operator(**options), TaskInstance(try_number=try_number))


def download(run_id: int, path: str, target: Path) -> Ended:
    """Write an artifact to a file."""
    options = {"run_id": run_id, "path": path, "output_file_name": str(target)}
    return run_task(DbtCloudGetJobRunArtifactOperator(task_id="download", **options))


def status(run_id: int) -> int:
    found: int = DbtCloudHook().get_job_run_status(run_id)
    return found


@IN_BOTH_MODES
def test_a_job_is_run(deferrable: bool, community_connection: Sandbox) -> None:
    ended = run(job_id=BUILD, deferrable=deferrable)
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))
    assert ended.value == ended.xcoms["job_run_id"]
    assert ended.xcoms["job_run_url"] == (
        f"{community_connection.url}/deploy/1/projects/{PROJECT}/runs/{ended.value}"
    )
    assert status(ended.value) == SUCCESS


def test_a_job_is_found_by_its_names() -> None:
    place = {"project_name": "Tiny", "environment_name": "Production", "job_name": "Build"}
    ended = run(**place, steps_override=["dbt parse"], schema_override="elsewhere")
    assert ended.state == "success"
    trigger = DbtCloudHook().get_job_run(ended.value, include_related=["trigger"])
    shown = trigger.json()["data"]["trigger"]
    assert (shown["cause"], shown["schema_override"]) == ("The community", "elsewhere")
    assert shown["steps_override"] == ["dbt parse"]


@IN_BOTH_MODES
def test_a_failure_is_a_failure(deferrable: bool) -> None:
    ended = run(job_id=BROKEN, deferrable=deferrable)
    assert (ended.state, ended.deferrals) == ("failed", int(deferrable))
    assert isinstance(ended.error, DbtCloudJobRunException)


def test_a_second_try_resumes_the_failed_run() -> None:
    failed = run(job_id=BROKEN).xcoms["job_run_id"]
    ended = run(2, job_id=BROKEN, retry_from_failure=True)
    retried = DbtCloudHook().get_job_run(ended.xcoms["job_run_id"]).json()["data"]
    assert retried["retrying_run_id"] == failed


def test_an_active_run_is_taken_over_and_killed() -> None:
    first = run(job_id=SLOW, wait_for_termination=False)
    wait_until(lambda: status(first.value) == RUNNING)
    task = operator(job_id=SLOW, wait_for_termination=False, reuse_existing_run=True)
    assert run_task(task).value == first.value
    task.on_kill()
    assert status(first.value) == CANCELLED


def test_a_task_over_its_time_cancels_its_run() -> None:
    ended = run(job_id=SLOW, deferrable=True, execution_timeout=timedelta(seconds=0.5))
    assert (ended.state, ended.deferrals) == ("failed", 1)
    assert "has timed out" in ended.message
    run_id = ended.xcoms["job_run_id"]
    wait_until(lambda: status(run_id) == CANCELLED)


def test_a_cancelled_run_has_no_results(tmp_path: Path) -> None:
    began = run(job_id=SLOW, wait_for_termination=False)
    DbtCloudHook().cancel_job_run(began.value)
    wait_until(lambda: status(began.value) == CANCELLED)
    target = tmp_path / "none.json"
    assert download(began.value, "run_results.json", target).state == "failed"
    assert not target.exists()


def test_artifacts_are_written_to_files(tmp_path: Path) -> None:
    run_id = run(job_id=BUILD).value
    for path in ("run_results.json", "compiled/tiny/models/people.sql"):
        target = tmp_path / "here" / Path(path).name
        assert download(run_id, path, target).value == str(target)
    results = json.loads((tmp_path / "here" / "run_results.json").read_text())
    assert results["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(run_id)
    assert "select range as person_id" in (tmp_path / "here" / "people.sql").read_text()


def test_jobs_are_listed() -> None:
    listing = DbtCloudListJobsOperator(task_id="listing", project_id=PROJECT, order_by="-id")
    listed = run_task(listing).value
    assert listed == sorted(listed, reverse=True)
    assert {1, 2, 3, 4, 5, 6} <= set(listed)


def test_runs_are_listed() -> None:
    run_id = run(job_id=BUILD, steps_override=["dbt parse"]).value
    options = {"job_id": BUILD, "status_filter": SUCCESS, "include_related": ["trigger,job"]}
    newest = run_task(DbtCloudListJobRunsOperator(task_id="newest", latest_only=True, **options))
    assert (newest.value["id"], newest.value["job"]["name"]) == (run_id, "Build")
    everything = run_task(DbtCloudListJobRunsOperator(task_id="all", **options)).value
    assert {one["status"] for one in everything} == {SUCCESS}
