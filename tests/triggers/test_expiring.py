"""A trigger cancels at the task's execution timeout, since a worker may not be free in time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment import compat
from airflow_provider_dbtsegment.triggers import expiring
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from tests.scripted_server import Received, Reply, ScriptedServer
from tests.task_bench import first_event

RunTrigger = Callable[..., DbtCloudRunTrigger]
CANCEL = "/api/v2/accounts/7/runs/11/cancel/"


class State:
    """The state that Airflow holds the task for; an error is raised."""

    def __init__(self) -> None:
        self.value: Any = "deferred"

    async def is_deferred(self, task_instance: Any) -> bool:
        if isinstance(self.value, Exception):
            raise self.value
        return bool(self.value == "deferred")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> State:
    state = State()
    monkeypatch.setattr(expiring, "is_deferred", state.is_deferred)
    return state


def running(server: ScriptedServer, cancel: Reply | None = None) -> None:
    """Let the run go on, and answer its cancellation."""
    run = Reply(body=json.dumps({"data": {"id": 11, "status": 3}}))

    def reply_to(request: Received) -> Reply:
        return cancel if cancel is not None and request.path == CANCEL else run

    server.reply_to = reply_to  # type: ignore[method-assign]


def cancelled(server: ScriptedServer) -> int:
    return [request.path for request in server.received].count(CANCEL)


EXPIRES = {"by_airflow": True, "cancel_on_kill": True, "timeout": 0.3}


async def test_it_cancels_after_the_last_poll_and_says_so(
    run_trigger: RunTrigger,
    server: ScriptedServer,
    state: State,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    running(server)
    event = await first_event(run_trigger(**EXPIRES))
    assert event["error"] == "WaitTimeoutError"
    assert event["cancelled"] is True
    assert [request.path for request in server.received][-1] == CANCEL
    assert cancelled(server) == 1
    said = caplog.text + capsys.readouterr().out
    assert "Cancelled dbt Cloud run 11: the task's execution_timeout has passed." in said


@pytest.mark.parametrize(
    "changed", [{"by_airflow": False}, {"cancel_on_kill": False}], ids=lambda one: next(iter(one))
)
async def test_a_run_that_is_to_go_on_is_not_cancelled(
    changed: dict[str, bool], run_trigger: RunTrigger, server: ScriptedServer, state: State
) -> None:
    running(server)
    event = await first_event(run_trigger(**{**EXPIRES, **changed}))
    assert event["error"] == "WaitTimeoutError"
    assert "cancelled" not in event
    assert cancelled(server) == 0


@pytest.mark.parametrize(
    "value", ["scheduled", "running", "failed", None, ConnectionError("no Airflow")], ids=repr
)
async def test_what_another_attempt_may_have_adopted_is_left_running(
    value: Any, run_trigger: RunTrigger, server: ScriptedServer, state: State
) -> None:
    state.value = value
    running(server)
    event = await first_event(run_trigger(**EXPIRES))
    assert "cancelled" not in event
    assert cancelled(server) == 0


async def test_a_triggerer_that_wakes_up_too_late_cancels_nothing(
    run_trigger: RunTrigger, server: ScriptedServer, state: State
) -> None:
    running(server)
    deadline = time.time() - expiring.TOO_LATE - 1
    event = await first_event(run_trigger(**{**EXPIRES, "timeout": None}, deadline=deadline))
    assert event["error"] == "WaitTimeoutError"
    assert cancelled(server) == 0


@pytest.mark.parametrize(
    ("answer", "sent"), [(Reply(503), expiring.CANCEL_ATTEMPTS), (Reply(404), 1)], ids=str
)
async def test_a_worker_is_left_to_cancel_what_the_triggerer_could_not(
    answer: Reply,
    sent: int,
    run_trigger: RunTrigger,
    server: ScriptedServer,
    state: State,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running(server, answer)
    event = await first_event(run_trigger(**EXPIRES))
    assert event["error"] == "WaitTimeoutError"
    assert event["cancel_on_kill"] is True
    assert "cancelled" not in event
    assert cancelled(server) == sent


async def test_a_cancellation_that_hangs_leaves_the_time_to_a_worker(
    run_trigger: RunTrigger,
    server: ScriptedServer,
    state: State,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiring, "CANCEL_LIMIT", 0.5)
    let_go = threading.Event()
    running(server)
    monkeypatch.setattr(DbtCloudRunTrigger, "_cancel", lambda self, hook: let_go.wait(20))
    began = time.monotonic()
    event = await first_event(run_trigger(**EXPIRES))
    assert "cancelled" not in event
    assert time.monotonic() - began < 5
    let_go.set()


@pytest.mark.skipif(compat._VERSION < (3, 0), reason="asks Airflow's API")
@pytest.mark.parametrize(
    ("states", "deferred"), [({"t": "deferred"}, True), ({"t": "running"}, False), ({}, False)]
)
async def test_airflow_is_asked_whether_the_task_is_deferred(
    states: dict[str, Any], deferred: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = pytest.importorskip("airflow.sdk.execution_time.task_runner")
    instance = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
    monkeypatch.setattr(
        runner.RuntimeTaskInstance, "get_task_states", lambda **asked: {"r": states}
    )
    assert await compat.is_deferred(instance) is deferred
