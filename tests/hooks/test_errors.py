"""What a refusal or a failure says, of both services, by a hook and over a real socket."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ServerError,
    StatusError,
)
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from tests.scripted_server import Reply, ScriptedServer, scripted_server
from tests.task_bench import again, first_event

TOKEN = "t0k3n-t0k3n"
HTML = {"Content-Type": "text/html"}


def dbt_error(status: int, says: str, data: Any = None) -> Reply:
    envelope = {"code": status, "is_success": False, "user_message": says, "developer_message": ""}
    return Reply(status, json.dumps({"status": envelope, "data": data}))


def segment_error(status: int, says: str, field: str | None = None) -> Reply:
    error = {"type": "some-type", "message": says, "field": field, "status": status}
    return Reply(status, json.dumps({"errors": [error]}))


@pytest.fixture(autouse=True)
def connected(server: ScriptedServer, own_budget: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBT_ONE", "DBT_TWO", "SEGMENT_ONE", "SEGMENT_TWO"):
        connection = {"conn_type": "x", "host": server.url, "login": "7", "password": TOKEN}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))


@pytest.fixture
def dbt_one() -> Iterator[DbtCloudHook]:
    hook = DbtCloudHook("dbt_one", max_attempts=1)
    yield hook
    hook.close()


@pytest.fixture
def segment_one() -> Iterator[SegmentHook]:
    hook = SegmentHook("segment_one", max_attempts=1)
    yield hook
    hook.close()


def read_run(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return dbt.get_run(11, include_related=["trigger"])


def list_runs(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return list(dbt.list_runs())


def create_job(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return dbt.request("POST", "/api/v2/accounts/7/jobs/", json={})


def download(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return dbt.transport.download(
        "/api/v2/accounts/7/runs/11/artifacts/manifest.json", io.BytesIO()
    )


def read_model(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return segment.get_reverse_etl_model("m")


def list_models(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return list(segment.list_reverse_etl_models())


def start_sync(dbt: DbtCloudHook, segment: SegmentHook) -> Any:
    return segment.create_reverse_etl_manual_sync("s", "m", "x")


V2 = "/api/v2/accounts/7"
MODELS = "/reverse-etl-models"
DBT_TOKEN = r"Correct the token of connection 'dbt_one', or what it is permitted to do\.$"
SEGMENT_TOKEN = r"Correct the token of connection 'segment_one', or what it is permitted to do\.$"


@pytest.mark.parametrize(
    ("call", "reply", "kind", "says"),
    [
        (read_run, dbt_error(401, "Invalid token."), AuthError, rf"GET @{V2}/runs/11/: 401 Inv"),
        (read_run, dbt_error(401, "Invalid token."), AuthError, rf"Invalid token\. {DBT_TOKEN}"),
        (
            list_runs,
            dbt_error(403, "No permission"),
            AuthError,
            rf"403 No permission\. {DBT_TOKEN}",
        ),
        (create_job, Reply(403, "<h1>No</h1>", HTML), AuthError, rf"403 <h1>No</h1>\. {DBT_TOKEN}"),
        (download, dbt_error(401, "Who?"), AuthError, rf"manifest.json: 401 Who\?\. {DBT_TOKEN}"),
        (read_model, segment_error(401, "No."), AuthError, rf"GET @{MODELS}/m: 401 No\. "),
        (list_models, segment_error(401, "No."), AuthError, rf"401 No\. {SEGMENT_TOKEN}"),
        (start_sync, Reply(403, ""), AuthError, rf"403 Forbidden\. {SEGMENT_TOKEN}"),
        (read_run, dbt_error(404, "Not found."), NotFoundError, rf"^GET @{V2}/runs/11/: 404 Not f"),
        (download, Reply(404, "", HTML), NotFoundError, r"manifest.json: 404 Not Found$"),
        (read_model, segment_error(404, "None."), NotFoundError, rf"^GET @{MODELS}/m: 404 None\.$"),
        (
            create_job,
            dbt_error(400, "The request was invalid.", {"name": ["This field is required."]}),
            InvalidRequestError,
            rf'^POST @{V2}/jobs/: 400 .* invalid\. {{"name": \["This field is required\."\]}}$',
        ),
        (
            start_sync,
            segment_error(422, "modelId is unknown.", "modelId"),
            InvalidRequestError,
            r"^POST @/reverse-etl-syncs: 422 modelId: modelId is unknown\.$",
        ),
        (create_job, Reply(500, "<h1>Oops</h1>", HTML), ServerError, rf"{V2}/jobs/: 500 <h1>Oops"),
        (list_runs, Reply(502, "", HTML), ServerError, rf"^GET @{V2}/runs/: 502 Bad Gateway$"),
        (list_models, Reply(503, '{"busy": 1}'), ServerError, rf'@{MODELS}: 503 {{"busy": 1}}$'),
        (
            start_sync,
            Reply(504, f"<p>{'x' * 500}</p>", HTML),
            ServerError,
            r"^POST @/reverse-etl-syncs: 504 <p>x{197}…$",
        ),
    ],
)
def test_an_error_says_what_was_asked_where_and_why_not(
    call: Callable[[DbtCloudHook, SegmentHook], Any],
    reply: Reply,
    kind: type[StatusError],
    says: str,
    dbt_one: DbtCloudHook,
    segment_one: SegmentHook,
    server: ScriptedServer,
) -> None:
    server.script(reply)
    with pytest.raises(kind, match=says.replace("@", server.url)) as caught:
        call(dbt_one, segment_one)
    assert caught.value.status == reply.status
    assert caught.value.url.startswith(server.url)
    assert "?" not in caught.value.url
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("call", [read_run, read_model])
def test_only_a_refused_token_names_the_connection(
    call: Callable[[DbtCloudHook, SegmentHook], Any],
    dbt_one: DbtCloudHook,
    segment_one: SegmentHook,
    server: ScriptedServer,
) -> None:
    for status in (400, 404, 409, 422, 429, 500):
        server.script(Reply(status))
        with pytest.raises(RequestError) as caught:
            call(dbt_one, segment_one)
        assert "connection" not in str(caught.value)


def test_a_store_that_never_saw_the_token_does_not_blame_it(
    dbt_one: DbtCloudHook, server: ScriptedServer
) -> None:
    with scripted_server() as store:
        server.script(Reply(302, headers={"Location": f"{store.url}/file?signature=5"}))
        store.script(Reply(403, "<Error>Request has expired</Error>", HTML))
        with pytest.raises(AuthError, match=r"403 <Error>Request has expired</Error>$") as caught:
            dbt_one.transport.download("/file", io.BytesIO())
    assert caught.value.url == f"{store.url}/file"


async def test_each_trigger_names_its_own_connection(server: ScriptedServer) -> None:
    server.script(Reply(401, '{"errors": [{"type": "x"}], "status": {"user_message": "x"}}'))
    common: dict[str, Any] = {"poll_interval": 0.05, "deadline": None, "began": time.time()}
    names = ["dbt_one", "dbt_two", "segment_one", "segment_two"]
    triggers = [
        *(DbtCloudRunTrigger(dbt_cloud_conn_id=name, run_id=1, **common) for name in names[:2]),
        *(
            ReverseETLSyncTrigger(segment_conn_id=name, model_id="m", sync_id="s", **common)
            for name in names[2:]
        ),
    ]
    events = await asyncio.gather(*(first_event(again(trigger)) for trigger in triggers))
    for name, event in zip(names, events, strict=True):
        assert event["error"] == "AuthError"
        assert f"Correct the token of connection '{name}'" in event["message"]


@pytest.mark.parametrize(
    ("reply", "from_service"),
    [
        (dbt_error(400, "No."), True),
        (dbt_error(404, "Not found.", {"detail": "x"}), True),
        (dbt_error(401, ""), True),
        (Reply(400, "<h1>Bad request</h1>", HTML), False),
        (Reply(403, ""), False),
        (Reply(404, '{"message": "no Route matched with those values"}'), False),
        (Reply(403, '{"status": "error", "reason": "blocked"}'), False),
        (Reply(403, '{"status": {"code": 403, "message": "blocked"}}'), False),
        (Reply(400, '{"status": {"code": 200, "is_success": true, "user_message": "x"}}'), False),
        (Reply(404, '{"errors": [{"type": "x", "message": "No."}]}'), False),
        (Reply(422, "null"), False),
        (Reply(422, "[]"), False),
        (Reply(407, '"status"'), False),
    ],
)
def test_only_the_envelope_of_dbt_cloud_is_a_refusal_by_dbt_cloud(
    reply: Reply, from_service: bool, dbt_one: DbtCloudHook, server: ScriptedServer
) -> None:
    server.script(reply)
    with pytest.raises(StatusError) as caught:
        dbt_one.sending_once().request("POST", f"{V2}/jobs/1/run/", json={"cause": "x"})
    assert caught.value.from_service is from_service
    assert caught.value.may_have_happened is not from_service


@pytest.mark.parametrize(
    ("reply", "from_service"),
    [
        (segment_error(400, "No."), True),
        (segment_error(422, "No.", "modelId"), True),
        (Reply(401, '{"errors": [{"type": "unauthorized"}]}'), True),
        (Reply(403, "<h1>Forbidden</h1>", HTML), False),
        (Reply(404, ""), False),
        (Reply(404, '{"errors": []}'), False),
        (Reply(400, '{"errors": ["blocked"]}'), False),
        (Reply(400, '{"errors": {"type": "x"}}'), False),
        (Reply(400, '{"errors": [{"code": 1020, "message": "Access denied"}]}'), False),
        (Reply(400, '{"errors": [{"type": "x"}], "data": null}'), False),
        (dbt_error(404, "Not found."), False),
    ],
)
def test_only_the_envelope_of_segment_is_a_refusal_by_segment(
    reply: Reply, from_service: bool, segment_one: SegmentHook, server: ScriptedServer
) -> None:
    server.script(reply)
    with pytest.raises(StatusError) as caught:
        start_sync(None, segment_one.sending_once())  # type: ignore[arg-type]
    assert caught.value.from_service is from_service
    assert caught.value.may_have_happened is not from_service


@pytest.mark.parametrize("body", ["", "<html>", '{"errors": [{"type": "x"}]}'])
@pytest.mark.parametrize(("headers", "seconds"), [({}, None), ({"Retry-After": "7"}, 7.0)])
def test_too_many_requests_never_happened_whoever_says_so(
    body: str,
    headers: dict[str, str],
    seconds: float | None,
    segment_one: SegmentHook,
    server: ScriptedServer,
) -> None:
    server.script(Reply(429, body, headers))
    with pytest.raises(RateLimitedError) as caught:
        start_sync(None, segment_one.sending_once())  # type: ignore[arg-type]
    assert not caught.value.may_have_happened
    assert caught.value.retry_after == seconds
