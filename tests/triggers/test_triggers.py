"""Triggers: what they tell the worker, and when they cancel."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment import compat, patience
from airflow_provider_dbtsegment.hooks import base as hooks
from airflow_provider_dbtsegment.patience import FAULT_BUDGET
from airflow_provider_dbtsegment.triggers import connections
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from tests.scripted_server import Reply, ScriptedServer
from tests.task_bench import again, first_event

RunTrigger = Callable[..., DbtCloudRunTrigger]


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


async def test_the_event_names_the_run_and_not_how_it_ended(
    run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(run(1), run(3), run(20))
    assert await first_event(run_trigger()) == {"run_id": 11}


async def test_the_event_names_the_sync_and_not_how_it_ended(server: ScriptedServer) -> None:
    sync = {"syncId": "s", "syncStatus": "PARTIAL_SUCCESS"}
    server.script(Reply(body=json.dumps({"data": {"reverseETLSyncStatus": sync}})))
    assert await first_event(sync_trigger()) == {"model_id": "m", "sync_id": "s"}


@pytest.mark.parametrize(
    "fault",
    [
        Reply(401, "<html>log in</html>"),
        Reply(403, '{"message": "Forbidden"}'),
        Reply(400, "<html>bad request</html>"),
        Reply(410, ""),
        Reply(404, '{"status": {"user_message": "no such run"}}'),
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
async def test_a_fault_is_survived(
    fault: Reply, run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(run(3), fault, run(3), run(10))
    assert await first_event(run_trigger()) == {"run_id": 11}


async def test_a_refused_token_ends_the_waiting(
    run_trigger: RunTrigger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "AUTH_CONFIRMATION", 0.5)
    server.script(run(3), Reply(403, '{"status": {"user_message": "No."}}'))
    event = await first_event(run_trigger(cancel_on_kill=True))
    assert event["error"] == "AuthError"
    assert "403 No." in event["message"]
    assert "t0k" not in json.dumps(event)


async def test_a_deadline_ends_the_waiting(run_trigger: RunTrigger, server: ScriptedServer) -> None:
    server.script(run(3))
    event = await first_event(run_trigger(timeout=0.3, cancel_on_kill=False))
    assert event["error"] == "WaitTimeoutError"
    assert event["cancel_on_kill"] is False


async def test_a_busy_service_does_not_hold_up_the_deadline(
    run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(Reply(429, headers={"Retry-After": "3600"}))
    began = time.monotonic()
    event = await first_event(run_trigger(timeout=0.5))
    assert event["error"] == "WaitTimeoutError"
    assert time.monotonic() - began < 10


async def test_a_connection_that_is_wrong_is_told_to_the_worker(
    run_trigger: RunTrigger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "AUTH_CONFIRMATION", 0.5)
    wrong = json.dumps({"conn_type": "x", "host": "", "login": "7", "password": "t0k"})
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", wrong)
    event = await first_event(run_trigger())
    assert event["error"] == "ConfigurationError"
    assert "has no access URL" in event["message"]


async def test_a_deadline_survives_the_death_of_the_triggerer(
    run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(run(3))
    trigger = run_trigger(timeout=1.2, poll_interval=0.1)
    first = asyncio.create_task(first_event(trigger))
    await asyncio.sleep(0.6)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert server.received
    event = await first_event(again(trigger))
    assert event["error"] == "WaitTimeoutError"
    assert "after 1 s" in event["message"]
    assert trigger.deadline is not None
    assert 0 <= time.time() - trigger.deadline < 1


@pytest.mark.parametrize(("status", "error"), [(10, None), (3, "WaitTimeoutError")])
async def test_a_trigger_that_gets_its_place_after_the_deadline_still_looks_once(
    status: int, error: str | None, run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(run(status))
    event = await first_event(run_trigger(deadline=time.time() - 60, poll_interval=60))
    assert event.get("error") == error
    assert len(server.received) == 1


@pytest.mark.parametrize(("budget", "error"), [(0.3, "WaitFaultsError"), (None, None)], ids=str)
async def test_the_user_says_how_long_the_service_may_be_out_of_reach(
    budget: float | None, error: str | None, run_trigger: RunTrigger, server: ScriptedServer
) -> None:
    server.script(*[Reply(500)] * 10, run(10))
    event = await first_event(run_trigger(fault_budget=budget))
    assert event.get("error") == error


def test_a_trigger_of_an_older_version_has_the_default_budget(run_trigger: RunTrigger) -> None:
    path, kwargs = run_trigger().serialize()
    assert kwargs.pop("fault_budget") == FAULT_BUDGET
    old = DbtCloudRunTrigger(**kwargs)
    assert old.serialize() == (path, {**kwargs, "fault_budget": FAULT_BUDGET})


async def test_a_connection_that_airflow_cannot_give_yet_is_waited_for(
    run_trigger: RunTrigger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = hooks.get_connection
    failures = [ConnectionError("no Airflow"), TimeoutError("too late")]

    async def get_connection(conn_id: str) -> Any:
        if failures:
            raise failures.pop()
        return await given(conn_id)

    monkeypatch.setattr(hooks, "get_connection", get_connection)
    server.script(run(10))
    assert await first_event(run_trigger()) == {"run_id": 11}


async def test_a_connection_that_airflow_never_gives_ends_the_waiting(
    run_trigger: RunTrigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get_connection(conn_id: str) -> Any:
        raise ConnectionError("no Airflow")

    monkeypatch.setattr(hooks, "get_connection", get_connection)
    event = await first_event(run_trigger(fault_budget=0.2))
    assert event["error"] == "WaitFaultsError"
    assert "Airflow could not give the connection (ConnectionError: no Airflow)" in event["message"]


@pytest.mark.parametrize(
    ("map_index", "states", "state"),
    [
        (-1, {"t": "deferred"}, "deferred"),
        (-1, {"t": "failed"}, "failed"),
        (-1, {"t": None}, None),
        (3, {"t_3": "deferred"}, "deferred"),
        (3, {"t_3": "failed"}, "failed"),
        (3, {"t_4": "failed"}, None),
        (-1, {}, None),
    ],
)
def test_airflow_is_asked_for_the_state_of_a_task(
    map_index: int,
    states: dict[str, Any],
    state: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner = pytest.importorskip("airflow.sdk.execution_time.task_runner")
    instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=map_index)
    monkeypatch.setattr(
        runner.RuntimeTaskInstance, "get_task_states", lambda **asked: {"r": states}
    )
    assert compat.task_state(instance) == state
