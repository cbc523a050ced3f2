"""dbtc's autoscaling CI: pull requests share a job as long as run slots last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT, ENVIRONMENT, PROJECT
from tests.judges.dbtc_judge import Judge, Quiet, ids
from tests.waiting import wait_until

RUNNING, SUCCESS, CANCELLED = 3, 10, 30


@pytest.fixture
def ci_job(dbtc: Judge) -> Iterator[int]:
    """A job that parses: it does not wait for the warehouse that another run keeps."""
    payload = {
        "account_id": ACCOUNT,
        "project_id": PROJECT,
        "environment_id": ENVIRONMENT,
        "name": "CI",
        "dbt_version": None,
        "triggers": {"github_webhook": True, "schedule": False, "git_provider_webhook": False},
        "execute_steps": ["dbt parse"],
        "settings": {"threads": 1, "target_name": "ci"},
        "state": 1,
    }
    job_id: int = dbtc.create_job(ACCOUNT, payload)["id"]
    yield job_id
    dbtc.delete_job(ACCOUNT, job_id)


@pytest.fixture
def lines(dbtc: Judge) -> list[str]:
    """What dbtc tells its user."""
    heard: list[str] = []
    dbtc.cloud.console = Quiet(heard.append)
    return heard


def commit(pull_request: int, **more: Any) -> dict[str, Any]:
    return {
        "cause": f"Pull request {pull_request}",
        "git_sha": "4c1a02e7b5d9f36a8e0c7b1d2f3a4b5c6d7e8f90",
        "schema_override": f"dbt_cloud_pr_{pull_request}",
        "github_pull_request_id": pull_request,
        **more,
    }


@pytest.fixture
def busy(dbtc: Judge, ci_job: int) -> Iterator[int]:
    """A run of pull request 1 that goes on until it is cancelled."""
    slow = commit(1, steps_override=["dbt run --select slow"])
    run_id = dbtc.trigger_autoscaling_ci_job(ACCOUNT, ci_job, slow)["id"]
    wait_until(lambda: dbtc.get_run(ACCOUNT, run_id)["status"] == RUNNING)
    yield run_id
    if not dbtc.get_run(ACCOUNT, run_id)["is_complete"]:
        dbtc.cancel_run(ACCOUNT, run_id)


def test_an_idle_job_is_triggered(dbtc: Judge, ci_job: int, lines: list[str]) -> None:
    run = dbtc.trigger_autoscaling_ci_job(ACCOUNT, ci_job, commit(1), should_poll=True)
    assert (run["status"], run["job_definition_id"]) == (SUCCESS, ci_job)
    assert "No in progress job run found.  Triggering as normal" in lines
    shown = dbtc.get_run(ACCOUNT, run["id"], include_related=["trigger"])
    assert shown["trigger"]["github_pull_request_id"] == 1
    assert shown["trigger"]["schema_override"] == "dbt_cloud_pr_1"
    assert shown["git_sha"] == commit(1)["git_sha"]


def test_a_newer_commit_takes_the_place_of_an_older(
    dbtc: Judge, ci_job: int, busy: int, lines: list[str]
) -> None:
    run = dbtc.trigger_autoscaling_ci_job(ACCOUNT, ci_job, commit(1), should_poll=True)
    assert dbtc.get_run(ACCOUNT, busy)["status"] == CANCELLED
    assert (run["status"], run["job_definition_id"]) == (SUCCESS, ci_job)
    assert any("Found an in progress run for PR #1" in line for line in lines)


def test_another_pull_request_gets_a_clone_that_is_deleted(
    dbtc: Judge, ci_job: int, busy: int, lines: list[str]
) -> None:
    before = ids(dbtc.list_jobs(ACCOUNT))
    run = dbtc.trigger_autoscaling_ci_job(ACCOUNT, ci_job, commit(2))
    assert any("This job definition will be cloned" in line for line in lines)
    assert run["status"] == SUCCESS
    clone = run["job_definition_id"]
    assert clone not in before
    assert dbtc.refused("get_job", ACCOUNT, clone)["code"] == 404
    assert ids(dbtc.list_jobs(ACCOUNT)) == before
    (deleted,) = dbtc.list_jobs(ACCOUNT, state=2, order_by="-id", limit=1)
    assert deleted["id"] == clone
    assert deleted["name"].startswith("CI [CLONED ")
    assert deleted["execute_steps"] == ["dbt parse"]
    # What the clone ran outlives it, and the other pull request goes on.
    assert dbtc.get_run(ACCOUNT, run["id"])["status"] == SUCCESS
    assert dbtc.get_run(ACCOUNT, busy)["status"] == RUNNING


def test_a_clone_is_kept_when_told(dbtc: Judge, ci_job: int, busy: int) -> None:
    run = dbtc.trigger_autoscaling_ci_job(
        ACCOUNT, ci_job, commit(2), should_poll=True, delete_cloned_job=False
    )
    assert run["status"] == SUCCESS
    clone = dbtc.get_job(ACCOUNT, run["job_definition_id"])
    assert clone["name"].startswith("CI [CLONED ")
    dbtc.delete_job(ACCOUNT, clone["id"])


def test_without_a_free_slot_the_job_itself_is_queued(
    dbtc: Judge, ci_job: int, busy: int, lines: list[str]
) -> None:
    run = dbtc.trigger_autoscaling_ci_job(ACCOUNT, ci_job, commit(2), max_run_slots=1)
    assert run["job_definition_id"] == ci_job
    assert run["is_complete"] is False
    assert any("Not cloning the job" in line for line in lines)
    dbtc.cancel_run(ACCOUNT, run["id"])
