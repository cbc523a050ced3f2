"""Jobs are triggered, waited for, retried and cloned as users of dbtc know it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.exceptions import AnswerLostError, InvalidRequestError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until

BUILD, BROKEN, SLOW = 1, 2, 3
PULL_REQUEST = {"cause": "CI", "github_pull_request_id": 12, "git_sha": "abc"}
JOB = {
    "id": 5,
    "name": "CI",
    "project_id": 10,
    "environment_id": 100,
    "execute_steps": ["dbt build"],
    "triggers": {"github_webhook": True},
    "dbt_version": None,
    "created_at": "2026-11-21",
}
BUSY = {"id": 70, "status": 3, "job_definition_id": 5, "trigger": {"github_pull_request_id": 11}}


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[DbtCloudApi]:
    transport = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=1)
    api = DbtCloudApi(DbtCloudSettings(transport, account_id=7))
    yield api
    api.close()


def data(value: Any) -> Reply:
    return Reply(body=json.dumps({"data": value, "status": {"code": 200}}))


def sent(server: ScriptedServer) -> list[str]:
    return [
        f"{one.method} {urlsplit(one.path).path.removeprefix('/api/v2/accounts/7')}"
        for one in server.received
    ]


def test_a_triggered_job_is_waited_for(dbt_cloud: DbtCloudHook) -> None:
    run = dbt_cloud.trigger_job(
        BUILD, {"cause": "x", "steps_override": ["dbt compile"]}, poll_interval=0.05
    )
    assert run["status"] == 10
    assert dbt_cloud.get_run_timing_details(run["id"])


def test_a_failed_run_is_resumed_where_it_failed(dbt_cloud: DbtCloudHook) -> None:
    run = dbt_cloud.trigger_job(BROKEN, {"cause": "x"}, poll_interval=0.05, retries=1)
    assert run["status"] == 20
    first = dbt_cloud.list_runs(job_definition_id=BROKEN, order_by="-id", limit=2)[1]
    assert dbt_cloud.get_run(run["id"]).get("retrying_run_id") == first["id"]


def test_a_cancelled_run_is_not_retried(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(data({"id": 9, "status": 1}), data({"id": 9, "status": 30}))
    run = api.trigger_job(5, {"cause": "x"}, retries=3, poll_interval=0.01)
    assert run["status"] == 30
    assert sent(server) == ["POST /jobs/5/run/", "GET /runs/9/"]


def test_a_run_that_cannot_be_resumed_is_started_again(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(
        data({"id": 9, "status": 1}),
        data({"id": 9, "status": 20}),
        data({"id": 9, "status": 20, "can_retry": False}),
        data({"id": 10, "status": 1}),
        data({"id": 10, "status": 10}),
    )
    assert api.trigger_job(5, {"cause": "x"}, retries=1, poll_interval=0.01)["id"] == 10


def test_an_idle_ci_job_is_started_itself(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(data(JOB), data([]), data({"id": 9, "status": 1}))
    assert api.trigger_autoscaling_ci_job(5, PULL_REQUEST)["id"] == 9
    assert sent(server) == ["GET /jobs/5/", "GET /runs/", "POST /jobs/5/run/"]


def test_what_runs_for_an_older_commit_is_cancelled(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    trigger = {"github_pull_request_id": 12}
    clone = {"name": "CI [CLONED 0a]"}
    active = [
        {**BUSY, "trigger": trigger},
        {"id": 71, "project_id": 10, "job_definition_id": 6, "trigger": trigger, "job": clone},
        {"id": 72, "project_id": 11, "job_definition_id": 8, "trigger": trigger, "job": clone},
        {"id": 73, "project_id": 10, "job_definition_id": 9, "trigger": trigger, "job": JOB},
    ]
    cancelled = [data({"id": 70}), data({"id": 71})]
    server.script(data(JOB), data(active), *cancelled, data({"id": 9, "status": 1}))
    api.trigger_autoscaling_ci_job(5, PULL_REQUEST)
    assert sent(server)[2:] == [
        "POST /runs/70/cancel/",
        "POST /runs/71/cancel/",
        "POST /jobs/5/run/",
    ]


def test_a_busy_ci_job_queues_when_no_run_slot_is_free(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(data(JOB), data([BUSY]), data({"id": 7, "run_slots": 1}), data({"id": 9}))
    api.trigger_autoscaling_ci_job(5, PULL_REQUEST)
    assert sent(server)[2:] == ["GET /", "POST /jobs/5/run/"]


def test_a_busy_ci_job_is_cloned_and_the_clone_is_deleted(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(
        data(JOB),
        data([BUSY]),
        data({"id": 7, "run_slots": 2}),
        data({"id": 6, "name": "clone"}),
        data({"id": 9, "status": 1}),
        data({"id": 9, "status": 10}),
        Reply(204, ""),
    )
    assert api.trigger_autoscaling_ci_job(5, PULL_REQUEST, poll_interval=0.01)["status"] == 10
    clone = ["POST /jobs/", "POST /jobs/6/run/", "GET /runs/9/", "DELETE /jobs/6/"]
    assert sent(server)[3:] == clone
    body = json.loads(server.received[3].body)
    assert body["name"].startswith("CI [CLONED ")
    assert body["execute_steps"] == ["dbt build"]
    assert not any(body["triggers"].values())
    assert {"id", "created_at", "dbt_version"}.isdisjoint(body)


@pytest.mark.parametrize(
    ("then", "error"),
    [
        ([Reply(400, '{"status": {}}')], InvalidRequestError),
        ([Reply(200, "<html>")], AnswerLostError),
    ],
)
def test_the_clone_is_deleted_whatever_happens(
    then: list[Reply], error: type[Exception], api: DbtCloudApi, server: ScriptedServer
) -> None:
    slots = data({"id": 7, "run_slots": 2})
    server.script(data(JOB), data([BUSY]), slots, data({"id": 6}), *then, Reply(204, ""))
    with pytest.raises(error):
        api.trigger_autoscaling_ci_job(5, PULL_REQUEST)
    assert sent(server)[-1] == "DELETE /jobs/6/"


def test_a_clone_whose_creation_was_not_answered_is_deleted_too(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    slots = data({"id": 7, "run_slots": 2})
    server.script(
        data(JOB), data([BUSY]), slots, Reply(502, "<html>"), data([{"id": 6}]), Reply(204, "")
    )
    with pytest.raises(Exception, match="502"):
        api.trigger_autoscaling_ci_job(5, PULL_REQUEST)
    assert sent(server)[-2:] == ["GET /jobs/", "DELETE /jobs/6/"]


def test_a_clone_that_cannot_be_deleted_is_named(
    api: DbtCloudApi, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    slots = data({"id": 7, "run_slots": 2})
    ended = [data({"id": 9, "status": 1}), data({"id": 9, "status": 10})]
    server.script(data(JOB), data([BUSY]), slots, data({"id": 6}), *ended, Reply(403, "{}"))
    assert api.trigger_autoscaling_ci_job(5, PULL_REQUEST, poll_interval=0.01)["id"] == 9
    assert "job 6, is left; delete it" in caplog.text


def test_a_busy_job_is_cloned_for_another_pull_request(dbt_cloud: DbtCloudHook) -> None:
    first = dbt_cloud.trigger_autoscaling_ci_job(SLOW, {"cause": "x", "github_pull_request_id": 1})
    before = [job["id"] for job in dbt_cloud.list_jobs()]

    def is_running() -> bool:
        return dbt_cloud.get_run(first["id"]).get("status") == 3

    wait_until(is_running)
    second = dbt_cloud.trigger_autoscaling_ci_job(
        SLOW,
        {"cause": "y", "github_pull_request_id": 2, "steps_override": ["dbt ls"]},
        poll_interval=0.05,
    )
    assert second["status"] == 10
    assert second["job_definition_id"] != SLOW
    assert [job["id"] for job in dbt_cloud.list_jobs()] == before
    third = dbt_cloud.trigger_autoscaling_ci_job(
        SLOW, {"cause": "z", "github_pull_request_id": 1, "steps_override": ["dbt ls"]}
    )
    wait_until(lambda: dbt_cloud.get_run(first["id"]).get("status") == 30)
    wait_until(lambda: dbt_cloud.get_run(third["id"]).get("status") == 10)
