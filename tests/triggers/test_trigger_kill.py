"""Which of the ways in which a trigger ends cancels its run: Airflow's own runner of triggers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment.triggers import cancelling
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from tests.scripted_server import Reply, ScriptedServer

jobs = pytest.importorskip("airflow.jobs.triggerer_job_runner")
if not hasattr(jobs, "_USER_ACTION_CANCEL_MSG"):
    pytest.skip("Airflow below 3.3 tells no trigger of a kill", allow_module_level=True)

USER_ACTION = (jobs._USER_ACTION_CANCEL_MSG,)
SHUTDOWN = ()
CANCEL = "/api/v2/accounts/7/runs/11/cancel/"


class Airflow:
    """What Airflow answers when it is asked for the state of the task; errors are raised."""

    def __init__(self) -> None:
        self.answers: list[Any] = ["failed"]

    def get_task_states(self, **_: Any) -> dict[str, Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {"r": {"t": answer}}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    airflow = Airflow()
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", airflow.get_task_states)
    monkeypatch.setattr(cancelling, "STATE_PAUSES", (0.01, 0.01))
    return airflow


async def end(trigger: Any, how: tuple[str, ...], server: ScriptedServer) -> list[str]:
    """Let Airflow run a trigger, end it after its first look, and return the paths of POSTs."""
    names = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "try_number": 1}
    trigger.task_instance = SimpleNamespace(id="x", context_carrier=None, **names)
    runner = jobs.TriggerRunner()
    runner.triggers[1] = {"name": "a trigger", "events": 0}
    task = asyncio.create_task(runner.run_trigger(1, trigger))
    while not server.received:
        await asyncio.sleep(0.01)
    task.cancel(*how)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await asyncio.gather(*cancelling._under_way)
    assert not runner.events
    return [request.path for request in server.received if request.method == "POST"]


@pytest.mark.parametrize(
    ("how", "state", "cancelled"),
    [
        (USER_ACTION, "failed", True),
        (USER_ACTION, "success", True),
        (USER_ACTION, None, False),
        (USER_ACTION, "scheduled", False),
        (USER_ACTION, "deferred", False),
        (USER_ACTION, "running", False),
        (SHUTDOWN, "failed", False),
        (SHUTDOWN, "deferred", False),
    ],
    ids=[
        "marked failed",
        "marked successful",
        "cleared: the next attempt adopts the run",
        "cleared, and about to start again",
        "moved to another triggerer",
        "cleared, and running again already",
        "the triggerer shuts down",
        "the triggerer shuts down while tasks wait",
    ],
)
async def test_only_a_person_who_ends_the_task_cancels_its_run(
    how: tuple[str, ...],
    state: str | None,
    cancelled: bool,
    run_trigger: Callable[..., Any],
    told: Callable[[int], Reply],
    airflow: Airflow,
    server: ScriptedServer,
) -> None:
    airflow.answers = [state]
    server.script(told(3))
    assert await end(run_trigger(), how, server) == ([CANCEL] if cancelled else [])


@pytest.mark.parametrize(
    ("answers", "cancelled"),
    [
        ([ConnectionError("no Airflow")], False),
        ([AttributeError("'ErrorResponse' object has no attribute 'task_states'")], False),
        ([ConnectionError("no Airflow"), ConnectionError("no Airflow"), "failed"], True),
        ([ConnectionError("no Airflow"), "deferred"], False),
    ],
    ids=["never", "only errors", "at last: failed", "at last: deferred"],
)
async def test_while_airflow_does_not_say_how_the_task_is_nothing_is_cancelled(
    answers: list[Any],
    cancelled: bool,
    run_trigger: Callable[..., Any],
    told: Callable[[int], Reply],
    airflow: Airflow,
    server: ScriptedServer,
) -> None:
    airflow.answers = answers
    server.script(told(3))
    assert await end(run_trigger(), USER_ACTION, server) == ([CANCEL] if cancelled else [])


async def test_a_kill_is_repeated_when_its_answer_is_lost(
    run_trigger: Callable[..., Any],
    told: Callable[[int], Reply],
    airflow: Airflow,
    server: ScriptedServer,
) -> None:
    server.script(told(3), Reply(503), told(30))
    trigger = run_trigger(poll_interval=0.5)
    assert await end(trigger, USER_ACTION, server) == [CANCEL, CANCEL]


@pytest.mark.parametrize("refusal", [401, 404, 409], ids=str)
async def test_a_run_that_cannot_be_cancelled_is_told_in_the_log(
    refusal: int,
    run_trigger: Callable[..., Any],
    told: Callable[[int], Reply],
    airflow: Airflow,
    server: ScriptedServer,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.script(told(3), Reply(refusal))
    trigger = run_trigger(poll_interval=0.5)
    assert await end(trigger, USER_ACTION, server) == [CANCEL]
    assert (
        "dbt Cloud run 11 was not cancelled and may still be running"
        in caplog.text + capsys.readouterr().out
    )


@pytest.mark.parametrize("wanted", [False, True])
async def test_a_sync_is_cancelled_only_if_that_is_wanted(
    wanted: bool, airflow: Airflow, server: ScriptedServer
) -> None:
    body = '{"data": {"reverseETLSyncStatus": {"syncId": "s", "syncStatus": "IN_PROGRESS"}}}'
    server.script(Reply(body=body))
    trigger = ReverseETLSyncTrigger(
        segment_conn_id="segment_default",
        model_id="m",
        sync_id="s",
        poll_interval=0.05,
        deadline=None,
        began=0.0,
        **({"cancel_on_kill": True} if wanted else {}),
    )
    path = "/reverse-etl-models/m/syncs/s/cancel"
    assert await end(trigger, USER_ACTION, server) == ([path] if wanted else [])


async def test_a_kill_that_is_itself_cancelled_still_cancels_the_run(
    run_trigger: Callable[..., Any],
    told: Callable[[int], Reply],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answered = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def task_state(task_instance: Any) -> str:
        loop.call_soon_threadsafe(asked.set)
        answered.wait()
        return "failed"

    monkeypatch.setattr(cancelling, "task_state", task_state)
    server.script(told(30))
    kill = asyncio.create_task(run_trigger().on_kill())
    await asked.wait()
    kill.cancel()
    await asyncio.gather(kill, return_exceptions=True)
    answered.set()
    await asyncio.gather(*cancelling._under_way)
    assert [request.method for request in server.received] == ["POST"]
