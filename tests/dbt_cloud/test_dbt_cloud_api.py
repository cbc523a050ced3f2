"""dbt Cloud's API: what goes out, what comes back unwrapped."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.dbt_cloud.types import RunStatus, status_label
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until


def test_the_account_can_be_another_one(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body='{"data": {"id": 8}}'))
    api.get_account()
    api.get_account(account_id=8)
    paths = [request.path for request in server.received]
    assert paths == ["/api/v2/accounts/7/", "/api/v2/accounts/8/"]


def test_an_answer_without_data_is_no_answer(api: DbtCloudApi, server: ScriptedServer) -> None:
    for body in ("[]", "null", '{"status": {}}'):
        server.script(Reply(body=body))
        with pytest.raises(AnswerLostError, match="without the data"):
            api.get_run(1)


def test_an_error_shows_the_vendors_message(api: DbtCloudApi, server: ScriptedServer) -> None:
    body = {
        "status": {"user_message": "The cause is missing.", "developer_message": ""},
        "data": {"cause": ["required"]},
    }
    server.script(Reply(400, json.dumps(body)))
    with pytest.raises(InvalidRequestError, match=r'The cause is missing\. \{"cause"'):
        api.trigger_job(1, {"cause": "x"}, should_poll=False)


@pytest.mark.parametrize("cause", [None, "", "x" * 256, 7])
def test_a_cause_that_would_be_refused_is_not_sent(
    cause: Any, api: DbtCloudApi, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError, match="1 to 255 characters"):
        api.trigger_job(1, {"cause": cause})
    assert server.received == []


@pytest.mark.parametrize("path", ["../../../runs/", "a//b", "", "/etc/passwd"])
def test_an_artifact_stays_within_its_run(path: str, api: DbtCloudApi) -> None:
    with pytest.raises(ConfigurationError, match="artifact's path"):
        api.get_run_artifact(1, path)


def test_any_endpoint_can_be_reached(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body='{"data": {"ok": true}}'))
    assert api.request("POST", "/api/v3/accounts/7/x/", json={"a": 1}) == {"ok": True}
    assert json.loads(server.received[0].body) == {"a": 1}


def test_statuses_have_words() -> None:
    assert RunStatus.codes("running") == [3]
    assert RunStatus.codes(["Success", 20]) == [10, 20]
    assert RunStatus.codes(None) is None
    assert [status.is_terminal for status in RunStatus] == [False] * 3 + [True] * 3
    assert status_label(10) == "success"
    assert status_label(11) == "unknown (11)"
    with pytest.raises(ConfigurationError, match="use queued, starting, running"):
        RunStatus.codes("finished")


def test_artifacts_of_a_real_run_are_listed_read_and_streamed(dbt_cloud: DbtCloudHook) -> None:
    run = dbt_cloud.trigger_job(
        1, {"cause": "artifacts", "steps_override": ["dbt compile"]}, should_poll=False
    )
    wait_until(lambda: dbt_cloud.get_run(run["id"]).get("is_complete"))
    steps = dbt_cloud.get_run(run["id"], include_related=["run_steps"])["run_steps"] or []
    assert "manifest.json" in dbt_cloud.list_run_artifacts(run["id"])
    file = io.BytesIO()
    size = dbt_cloud.download_run_artifact(run["id"], "manifest.json", file, step=len(steps))
    assert size == len(file.getvalue()) > 1000
    manifest = dbt_cloud.get_run_artifact(run["id"], "manifest.json")
    assert manifest == json.loads(file.getvalue())
    text = dbt_cloud.get_run_artifact(run["id"], "compiled/tiny/models/greetings.sql")
    assert text.startswith("select person_id")
    with pytest.raises(NotFoundError):
        dbt_cloud.get_run_artifact(run["id"], "run_results.json", step=1)


def test_the_account_of_the_sandbox_is_read(dbt_cloud: DbtCloudHook) -> None:
    assert dbt_cloud.get_account()["name"] == "Tests"
    assert [account["id"] for account in dbt_cloud.list_accounts()] == [1]
    assert [project["name"] for project in dbt_cloud.list_projects()] == ["Tiny"]
    assert [one["name"] for one in dbt_cloud.list_environments(10)] == ["Production"]
    assert dbt_cloud.get_job(1)["name"] == "Build"
    assert len(dbt_cloud.list_jobs(project_id=10)) == 6


def test_no_secret_of_an_answer_stands_in_an_error(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    token = '{"token_string": "dbtu_SECRET", "name": ["taken"]}'
    for reply in (
        Reply(422, f'{{"status": {{"user_message": "Bad."}}, "data": {token}}}'),
        Reply(200, f'{{"data": {token}', {"Content-Type": "application/json"}),
        Reply(200, f'{{"data": {token}}}', {"Content-Type": "text/html"}),
    ):
        server.script(reply)
        with pytest.raises(RequestError) as caught:
            api.create_service_token({"name": "x"})
        assert "SECRET" not in str(caught.value)
        assert "***" in str(caught.value)


@pytest.mark.parametrize("twice", ["project", "environment", "job"])
def test_a_name_that_is_there_twice_is_explained_by_what_a_task_can_give(
    twice: str, api: DbtCloudApi, server: ScriptedServer
) -> None:
    def listed(kind: str) -> Reply:
        found = [{"id": number, "name": kind} for number in ((1, 2) if kind == twice else (1,))]
        pagination = {"count": len(found), "total_count": len(found)}
        return Reply(body=json.dumps({"data": found, "extra": {"pagination": pagination}}))

    server.script(*map(listed, ("project", "environment", "job")))
    with pytest.raises(ConfigurationError, match=f"2 {twice}s named .* Use job_id to say which"):
        api.get_job_by_name("job", project_name="project", environment_name="environment")


def test_why_a_personal_token_creates_no_service_token(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    body = json.dumps({"status": {"code": 400, "user_message": "Not allowed."}, "data": None})
    server.script(Reply(400, body))
    with pytest.raises(InvalidRequestError) as caught:
        api.create_service_token({"name": "ci"})
    assert caught.value.status == 400
    message = str(caught.value)
    assert "400 Not allowed. dbt Cloud creates service tokens for service tokens only" in message
    assert "Account Admin permission set" in message
    # Of another refusal, and of another call, nothing more is known than what dbt Cloud says.
    for status, call in (
        (422, lambda: api.create_service_token({"name": "ci"})),
        (400, lambda: api.update_service_token(7, {"name": "ci"})),
    ):
        server.script(Reply(status, body))
        with pytest.raises(InvalidRequestError) as other:
            call()
        assert "service tokens only" not in str(other.value)
