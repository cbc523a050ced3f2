"""CI jobs are cloned while run slots are free, and no clone is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    InvalidRequestError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from tests.dbt_cloud.replies import data, sent
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until

SLOW = 3
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


@pytest.mark.parametrize(
    "wrong", [{"payload": {"github_pull_request_id": 12}}, {"max_run_slots": "3"}]
)
def test_wrong_arguments_cancel_nothing(
    wrong: dict[str, Any], api: DbtCloudApi, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError):
        api.trigger_autoscaling_ci_job(5, **{"payload": PULL_REQUEST, **wrong})
    assert server.received == []


def test_an_outdated_run_may_end_before_it_is_cancelled(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    outdated = {**BUSY, "trigger": {"github_pull_request_id": 12}}
    ended = [Reply(400, "{}"), data({"id": 70, "status": 10})]
    server.script(data(JOB), data([outdated]), *ended, data({"id": 9, "status": 1}))
    assert api.trigger_autoscaling_ci_job(5, PULL_REQUEST)["id"] == 9
    server.script(data(JOB), data([outdated]), Reply(400, "{}"), data(outdated))
    with pytest.raises(InvalidRequestError):
        api.trigger_autoscaling_ci_job(5, PULL_REQUEST)


def test_a_job_id_may_be_a_text(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(data(JOB), data([BUSY]), data({"id": 7, "run_slots": 1}), data({"id": 9}))
    api.trigger_autoscaling_ci_job("5", PULL_REQUEST)  # type: ignore[arg-type]
    assert sent(server)[2:] == ["GET /", "POST /jobs/5/run/"]


def test_a_clone_is_deleted_when_its_making_is_interrupted(
    api: DbtCloudApi, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = api.create_job

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        create(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "create_job", interrupted)
    slots = data({"id": 7, "run_slots": 2})
    server.script(data(JOB), data([BUSY]), slots, data(JOB), data([{"id": 6}]), Reply(204, ""))
    with pytest.raises(KeyboardInterrupt):
        api.trigger_autoscaling_ci_job(5, PULL_REQUEST)
    assert sent(server)[-1] == "DELETE /jobs/6/"
