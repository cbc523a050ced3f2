"""Triggers: what they tell the worker, and when they cancel."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment import compat
from airflow_provider_dbtsegment.triggers import base
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from tests.scripted_server import Reply, ScriptedServer
from tests.task_bench import again, first_event


@pytest.fixture(autouse=True)
def connected(server: ScriptedServer, own_budget: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, login in (("DBT_CLOUD", "7"), ("SEGMENT", None)):
        connection = {"conn_type": "x", "host": server.url, "login": login, "password": "t0k"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))


def run_trigger(timeout: float | None = None, **changed: Any) -> DbtCloudRunTrigger:
    began = time.time()
    arguments = {
        "dbt_cloud_conn_id": "dbt_cloud_default",
        "run_id": 11,
        "poll_interval": 0.05,
        "deadline": None if timeout is None else began + timeout,
        "began": began,
        **changed,
    }
    made = again(DbtCloudRunTrigger(**arguments))
    assert isinstance(made, DbtCloudRunTrigger)
    return made


def sync_trigger(**changed: Any) -> ReverseETLSyncTrigger:
    arguments = {
        "segment_conn_id": "segment_default",
        "model_id": "m",
        "sync_id": "s",
        "poll_interval": 0.05,
        "deadline": None,
        "began": time.time(),
        **changed,
    }
    made = again(ReverseETLSyncTrigger(**arguments))
    assert isinstance(made, ReverseETLSyncTrigger)
    return made


def run(status: int) -> Reply:
    return Reply(body=json.dumps({"data": {"id": 11, "status": status}}))


async def test_the_event_names_the_run_and_not_how_it_ended(server: ScriptedServer) -> None:
    server.script(run(1), run(3), run(20))
    assert await first_event(run_trigger()) == {"run_id": 11}


async def test_the_event_names_the_sync_and_not_how_it_ended(server: ScriptedServer) -> None:
    sync = {"syncId": "s", "syncStatus": "PARTIAL_SUCCESS"}
    server.script(Reply(body=json.dumps({"data": {"reverseETLSyncStatus": sync}})))
    assert await first_event(sync_trigger()) == {"model_id": "m", "sync_id": "s"}


@pytest.mark.parametrize(
    "fault",
    [
        Reply(body='{"data": null}'),
        Reply(body='{"data": []}'),
        Reply(body='{"data": {"id": 11}}'),
        Reply(body="[1, 2"),
        Reply(502, "<html>", {"Content-Type": "text/html"}),
        Reply(429),
        Reply(404),
        Reply(drop="reset"),
    ],
    ids=lambda reply: f"{reply.status} {reply.body!r} {reply.drop}",
)
async def test_a_fault_is_survived(fault: Reply, server: ScriptedServer) -> None:
    server.script(run(3), fault, run(3), run(10))
    assert await first_event(run_trigger()) == {"run_id": 11}


async def test_a_refused_token_ends_the_waiting(server: ScriptedServer) -> None:
    server.script(run(3), Reply(403, '{"status": {"user_message": "No."}}'))
    event = await first_event(run_trigger(cancel_on_kill=True))
    assert event["error"] == "AuthError"
    assert "403 No." in event["message"]
    assert "t0k" not in json.dumps(event)


async def test_a_deadline_ends_the_waiting(server: ScriptedServer) -> None:
    server.script(run(3))
    event = await first_event(run_trigger(timeout=0.3, cancel_on_kill=False))
    assert event["error"] == "WaitTimeoutError"
    assert event["cancel_on_kill"] is False


async def test_a_busy_service_does_not_hold_up_the_deadline(server: ScriptedServer) -> None:
    server.script(Reply(429, headers={"Retry-After": "3600"}))
    began = time.monotonic()
    event = await first_event(run_trigger(timeout=0.5))
    assert event["error"] == "WaitTimeoutError"
    assert time.monotonic() - began < 10


async def test_a_connection_that_is_wrong_is_told_to_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = json.dumps({"conn_type": "x", "host": "", "login": "7", "password": "t0k"})
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", wrong)
    event = await first_event(run_trigger())
    assert event["error"] == "ConfigurationError"
    assert "has no host" in event["message"]


@pytest.mark.parametrize(
    ("wanted", "moved", "cancelled"),
    [(True, False, True), (True, True, False), (False, False, False)],
    ids=["killed", "moved to another triggerer", "killed, cancelling not wanted"],
)
async def test_only_a_kill_cancels_the_run(
    wanted: bool,
    moved: bool,
    cancelled: bool,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def is_going_on(task_instance: Any) -> bool:
        return moved

    monkeypatch.setattr(base, "is_going_on", is_going_on)
    server.script(run(30))
    await run_trigger(cancel_on_kill=wanted).on_kill()
    paths = [request.path for request in server.received]
    assert paths == (["/api/v2/accounts/7/runs/11/cancel/"] if cancelled else [])


async def test_a_kill_that_is_itself_cancelled_still_cancels_the_run(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    answered = asyncio.Event()

    async def is_going_on(task_instance: Any) -> bool:
        asked.set()
        await answered.wait()
        return False

    monkeypatch.setattr(base, "is_going_on", is_going_on)
    server.script(run(30))
    kill = asyncio.create_task(run_trigger().on_kill())
    await asked.wait()
    kill.cancel()
    await asyncio.gather(kill, return_exceptions=True)
    answered.set()
    await asyncio.gather(*base._kills)
    assert [request.method for request in server.received] == ["POST"]


async def test_a_sync_is_not_cancelled_unless_asked(server: ScriptedServer) -> None:
    await sync_trigger().on_kill()
    assert server.received == []


@pytest.mark.parametrize(
    ("map_index", "states", "going_on"),
    [
        (-1, {"t": "deferred"}, True),
        (-1, {"t": "failed"}, False),
        (-1, {"t": None}, False),
        (3, {"t_3": "deferred"}, True),
        (3, {"t_3": "failed"}, False),
        (3, {"t_4": "failed"}, True),
        (-1, {}, True),
    ],
)
async def test_airflow_is_asked_whether_a_task_is_going_on(
    map_index: int,
    states: dict[str, Any],
    going_on: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner = pytest.importorskip("airflow.sdk.execution_time.task_runner")
    instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=map_index)
    monkeypatch.setattr(
        runner.RuntimeTaskInstance, "get_task_states", lambda **asked: {"r": states}
    )
    assert await compat.is_going_on(instance) is going_on
