"""dbt Cloud's API: what goes out, what comes back unwrapped."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.types import RunStatus, outcome, status_label
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    ShortListError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[DbtCloudApi]:
    transport = TransportSettings(server.url, TokenAuth("t0k"), max_attempts=1)
    api = DbtCloudApi(DbtCloudSettings(transport, account_id=7))
    yield api
    api.close()


def page(start: int, stop: int, total: int) -> Reply:
    data = [{"id": number} for number in range(start, stop)]
    pagination = {"count": len(data), "total_count": total}
    return Reply(body=json.dumps({"data": data, "extra": {"pagination": pagination}}))


def queries(server: ScriptedServer) -> list[dict[str, Any]]:
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        for request in server.received
    ]


def test_a_list_is_read_to_its_end(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), page(200, 250, 250))
    assert [run["id"] for run in api.list_runs()] == list(range(250))
    assert [query["offset"] for query in queries(server)] == ["0", "100", "200"]


def test_a_limit_stops_early(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), Reply(500))
    assert len(api.list_runs(limit=150)) == 150
    server.script(page(0, 3, 250), Reply(500))
    assert len(api.list_runs(limit=3)) == 3
    assert queries(server) == [{"limit": "3", "offset": "0"}]


def test_filters_are_written_as_dbt_cloud_reads_them(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 0, 0))
    runs = api.list_runs(
        status=["queued", 3], run_ids=[11, 12], project_id=[1, 2], include_related=["trigger"]
    )
    assert not runs
    (query,) = queries(server)
    assert query["status__in"] == "[1,3]"
    assert query["pk__in"] == "[11,12]"
    assert query["project_id__in"] == "[1,2]"
    assert query["include_related"] == "trigger"


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


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"status": 1}, None),
        ({"status": 2}, None),
        ({"status": 3}, None),
        ({"status": 10}, Outcome.SUCCESS),
        ({"status": 20}, Outcome.FAILED),
        ({"status": 30}, Outcome.CANCELLED),
        ({"status": 11}, None),
        ({"status": 11, "is_complete": True}, Outcome.FAILED),
        ({"status": 11, "finished_at": "2026-01-01"}, Outcome.FAILED),
        ({"status": None}, None),
        ({"status": "10"}, None),
        ({}, None),
    ],
)
def test_only_a_listed_status_is_a_success(run: Any, expected: Outcome | None) -> None:
    assert outcome(run) is expected


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


def test_a_list_that_is_shorter_than_promised_is_an_error(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 250), page(0, 0, 250))
    runs = api.list_runs()
    assert runs[99]["id"] == 99
    with pytest.raises(ShortListError, match="promised 250 entries and left out 150"):
        len(runs)
    assert runs[99]["id"] == 99


def test_pages_are_fetched_while_one_iterates(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), Reply(500))
    for run in api.list_runs():
        if run["id"] == 150:
            break
    assert [query["offset"] for query in queries(server)] == ["0", "100"]


def test_a_list_that_is_not_documented_to_have_pages_is_read_to_its_end_too(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 130), page(100, 130, 130))
    assert len(api.list_service_tokens()) == 130
    assert queries(server) == [{}, {"limit": "100", "offset": "100"}]
    server.script(Reply(body='{"data": [{"id": 1}, {"id": 2}]}'))
    assert [one["id"] for one in api.list_service_tokens(limit=1)] == [1]


def test_the_bulk_answer_of_a_wait_may_leave_runs_out(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(7, 8, 2), page(0, 0, 2))
    assert list(RunSource(api).ask_many([7, 9])) == [7]
