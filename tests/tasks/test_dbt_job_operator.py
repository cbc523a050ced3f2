"""Runs of jobs, from a task's point of view, on the sandbox with real dbt."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.dbt_cloud.types import RunStatus
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    RunFailedError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.operators.dbt_cloud import OVERRIDES, TriggerDbtJobOperator
from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from tests.conftest import TINY
from tests.task_bench import Ended, Ledger, TaskInstance, run_task
from tests.waiting import wait_until

BUILD, BROKEN, SLOW, UNREADABLE = 1, 2, 3, 6
IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


def run(
    run_id: str, deferrable: bool = False, ledger: Ledger | None = None, **options: Any
) -> Ended:
    """Run a job in a task run of its own."""
    instance = TaskInstance(
        run_id=run_id,
        try_number=options.pop("try_number", 1),
        max_tries=options.pop("max_tries", 1),
    )
    options = {"retries": 1, "poll_interval": 0.1, **options}
    task = TriggerDbtJobOperator(task_id="build", deferrable=deferrable, **options)
    return run_task(task, instance, ledger)


def runs_of(hook: DbtCloudHook, job_id: int) -> int:
    return len(hook.list_runs(job_definition_id=job_id))


@IN_BOTH_MODES
def test_a_job_is_run_and_summed_up(deferrable: bool, sandbox: Sandbox) -> None:
    ended = run(f"success {deferrable}", deferrable, job_id=BUILD)
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))
    run_id = ended.value
    assert ended.xcoms["run_id"] == run_id
    assert ended.xcoms["run_url"] == f"{sandbox.url}/deploy/1/projects/10/runs/{run_id}"
    summary = ended.xcoms["run_summary"]
    assert summary["status"] == "success"
    assert summary["nodes"] == {"success": 2, "pass": 2}
    assert summary["resources"] == {"model": {"success": 2}, "test": {"pass": 2}}
    assert summary["failed_nodes"] == []
    assert summary["duration"] > 0
    assert len(json.dumps(summary)) < 2000
    timeline = summary["timeline"]
    names = [node[0] for node in timeline["nodes"]]
    first, test, last = (names[place] for place in timeline["critical_path"])
    # Real dbt lets a model wait for the tests of what it reads.
    assert (first, last) == ("people", "greetings")
    assert test in ("unique_people_person_id", "not_null_people_person_id")
    assert all(node[4] > 0 and node[5] is not None for node in timeline["nodes"])
    assert timeline["nodes"][-1][3] < summary["duration"]


@IN_BOTH_MODES
def test_a_failure_names_step_and_model_and_reason(deferrable: bool) -> None:
    ended = run(f"broken {deferrable}", deferrable, job_id=BROKEN)
    assert ended.state == "failed"
    assert isinstance(ended.error, RunFailedError)
    assert "step 3, Invoke dbt with `dbt build" in ended.message
    assert "1 model failed, 3 skipped" in ended.message
    assert "- model people (error)" in ended.message
    assert 'Referenced column "no_such_column" not found' in ended.message
    assert ended.xcoms["run_url"] in ended.message
    summary = ended.xcoms["run_summary"]
    assert [node["name"] for node in summary["failed_nodes"]] == ["people"]
    failed = summary["failed_nodes"][0]["node"]
    assert [waited_for for _, waited_for in summary["timeline"]["skipped"]] == [failed] * 3


def test_a_step_without_results_shows_the_end_of_its_log() -> None:
    ended = run("unreadable", job_id=UNREADABLE)
    assert ended.state == "failed"
    assert "The end of the log of Invoke dbt with `dbt run --select people --target`" in (
        ended.message
    )
    assert "--target" in ended.message.split("The end of the log")[1]


@IN_BOTH_MODES
def test_a_run_that_a_person_cancels_fails_without_retries(
    deferrable: bool, person: DbtCloudApi
) -> None:
    ended = cancelled_by(person, f"cancelled {deferrable}", deferrable)
    assert ended.state == "failed without retries"
    assert "ended with status cancelled" in ended.message
    assert "A person cancelled it in dbt Cloud." in ended.message


@IN_BOTH_MODES
def test_a_run_that_the_task_s_own_token_cancels_may_be_retried(
    deferrable: bool, dbt_cloud: DbtCloudHook
) -> None:
    ended = cancelled_by(dbt_cloud, f"cancelled by us {deferrable}", deferrable)
    assert ended.state == "failed"
    assert "It was cancelled with the token that had started it." in ended.message


@IN_BOTH_MODES
def test_a_run_that_dbt_cloud_cancels_may_be_retried(
    deferrable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_sandbox(tmp_path, TINY, dbt=DbtClient(), faults=True) as sandbox:
        connection = {
            "conn_type": "dbt_cloud_admin",
            "host": sandbox.url,
            "login": str(sandbox.account_id),
            "password": sandbox.dbt_token,
        }
        monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
        assert sandbox.faults is not None
        canceller = threading.Timer(2.0, sandbox.faults.cancel_run, (1,))
        canceller.start()
        ended = run("cancelled by dbt Cloud", deferrable, job_id=1)
        canceller.join()
    assert ended.state == "failed"
    assert "dbt Cloud itself cancelled it." in ended.message


def cancelled_by(api: DbtCloudApi, name: str, deferrable: bool) -> Ended:
    """Run a task whose run is cancelled soon."""

    def cancel_soon() -> None:
        active = {"job_definition_id": SLOW, "status": ["running"]}
        wait_until(lambda: api.list_runs(**active))
        api.cancel_run(api.list_runs(**active)[0]["id"])

    canceller = threading.Thread(target=cancel_soon)
    canceller.start()
    ended = run(name, deferrable, job_id=SLOW)
    canceller.join()
    return ended


def test_what_a_person_cancelled_is_started_again_only_if_that_is_wanted(
    dbt_cloud: DbtCloudHook, person: DbtCloudApi
) -> None:
    ledger = Ledger()
    options = {"job_id": SLOW, "wait_for_termination": False}
    first = run("again", ledger=ledger, **options).value
    person.cancel_run(first)
    wait_until(lambda: dbt_cloud.get_run(first)["status"] == RunStatus.CANCELLED)
    second = run("again", ledger=ledger, **options, try_number=2)
    assert second.state == "failed without retries"
    assert "was cancelled by a person. Clear the task to start another one" in second.message
    third = run("again", ledger=ledger, **options, try_number=2, retry_cancelled=True)
    assert third.state == "success"
    assert third.value != first
    dbt_cloud.cancel_run(third.value)


@IN_BOTH_MODES
def test_a_time_out_leaves_the_run_to_a_later_try(
    deferrable: bool, dbt_cloud: DbtCloudHook
) -> None:
    name = f"time-out {deferrable}"
    first = run(name, deferrable, job_id=SLOW, timeout=1.0)
    assert first.state == "failed"
    assert isinstance(first.error, WaitTimeoutError)
    before = runs_of(dbt_cloud, SLOW)
    second = run(name, deferrable, job_id=SLOW, timeout=1.0, try_number=2)
    assert second.xcoms["run_id"] == first.xcoms["run_id"]
    assert runs_of(dbt_cloud, SLOW) == before
    dbt_cloud.cancel_run(first.xcoms["run_id"])


@IN_BOTH_MODES
def test_the_execution_timeout_cancels_the_run(deferrable: bool, dbt_cloud: DbtCloudHook) -> None:
    limit = timedelta(seconds=2)
    name = f"execution time-out {deferrable}"
    ledger = Ledger()
    ended = run(name, deferrable, ledger, job_id=SLOW, execution_timeout=limit)
    assert isinstance(ended.error, WaitTimeoutError)
    run_id = ended.xcoms["run_id"]
    assert wait_until(lambda: dbt_cloud.get_run(run_id)["status"] == RunStatus.CANCELLED)
    again = run(name, deferrable, ledger, job_id=SLOW, try_number=2, wait_for_termination=False)
    assert again.value != run_id
    dbt_cloud.cancel_run(again.value)


def test_a_worker_that_dies_after_the_start_does_not_start_a_second_run(
    dbt_cloud: DbtCloudHook,
) -> None:
    before = runs_of(dbt_cloud, BUILD)
    first = run("dead worker", job_id=BUILD, wait_for_termination=False)
    second = run("dead worker", job_id=BUILD, try_number=2)
    assert second.value == first.value
    assert second.state == "success"
    assert runs_of(dbt_cloud, BUILD) == before + 1


def test_a_mapped_task_and_another_dag_run_start_runs_of_their_own() -> None:
    ids = set()
    for run_id, map_index in (("mapped", 0), ("mapped", 1), ("mapped too", 0)):
        task = TriggerDbtJobOperator(
            task_id="build", job_id=BUILD, wait_for_termination=False, steps_override=["dbt parse"]
        )
        ids.add(run_task(task, TaskInstance(run_id=run_id, map_index=map_index)).value)
    assert len(ids) == 3


def test_a_later_try_goes_on_from_the_point_of_failure(dbt_cloud: DbtCloudHook) -> None:
    options = {"job_id": BROKEN, "retry_from_failure": True, "retries": 2, "max_tries": 2}
    first = run("retry", **options)
    second = run("retry", **options, try_number=2)
    run_id = second.xcoms["run_id"]
    assert dbt_cloud.get_run(run_id)["retrying_run_id"] == first.xcoms["run_id"]
    third = run("retry", **options, try_number=3)
    assert dbt_cloud.get_run(third.xcoms["run_id"])["retrying_run_id"] == run_id


def test_a_job_is_found_by_names() -> None:
    names = {"project_name": "Tiny", "environment_name": "Production", "job_name": "Build"}
    ended = run("by names", **names, wait_for_termination=False, steps_override=["dbt parse"])
    assert ended.state == "success"


def test_all_overrides_reach_the_service(dbt_cloud: DbtCloudHook) -> None:
    given = {
        "git_sha": "abc",
        "git_branch": "main",
        "azure_pull_request_id": "1",
        "github_pull_request_id": 2,
        "gitlab_merge_request_id": 3,
        "non_native_pull_request_id": 4,
        "schema_override": "elsewhere",
        "dbt_version_override": "latest",
        "threads_override": "3",
        "target_name_override": "ci",
        "generate_docs_override": "false",
        "timeout_seconds_override": 60,
        "steps_override": ["dbt parse"],
    }
    assert set(given) == set(OVERRIDES)
    ended = run("overrides", job_id=BUILD, cause="x" * 400, **given, wait_for_termination=False)
    trigger: Any = dbt_cloud.get_run(ended.value, include_related=["trigger"])["trigger"]
    expected = {
        **given,
        "azure_pull_request_id": 1,
        "threads_override": 3,
        "generate_docs_override": False,
    }
    assert {name: trigger[name] for name in OVERRIDES} == expected
    assert len(trigger["cause"]) == 255
    assert trigger["cause"].startswith("[af:")


def test_a_run_that_goes_on_is_reused_only_when_asked(dbt_cloud: DbtCloudHook) -> None:
    other = dbt_cloud.trigger_job(SLOW, {"cause": "somebody else"}, should_poll=False)["id"]
    options = {"job_id": SLOW, "wait_for_termination": False}
    assert run("reuse", **options, reuse_existing_run=True).value == other
    own = run("no reuse", **options).value
    assert own != other
    dbt_cloud.cancel_run(own)
    dbt_cloud.cancel_run(other)


def test_a_job_that_is_not_there_is_named(dbt_cloud: DbtCloudHook) -> None:
    before = len(dbt_cloud.list_runs())
    ended = run("no job", job_id=4711)
    assert isinstance(ended.error, ConfigurationError)
    assert "dbt Cloud knows no job 4711" in ended.message
    assert len(dbt_cloud.list_runs()) == before


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("Tiny", "Production", "Twin"), r"2 jobs named 'Twin' in .* \(ids 4, 5\). Use job_id"),
        (
            ("Tiny", "Production", "Nobody"),
            "no job named 'Nobody' in Tiny, Production. There are: ",
        ),
        (("Tiny", "Nowhere", "Build"), "no environment named 'Nowhere' in Tiny"),
        (("Giant", "Production", "Build"), "no project named 'Giant'"),
    ],
)
def test_a_job_must_be_the_only_one_of_its_name(names: tuple[str, str, str], says: str) -> None:
    project, environment, job = names
    ended = run("names", project_name=project, environment_name=environment, job_name=job)
    assert isinstance(ended.error, ConfigurationError)
    ended_match(ended, says)


def ended_match(ended: Ended, says: str) -> None:
    with pytest.raises(Exception, match=says):
        raise ended.error or AssertionError("It did not fail.")
