"""When a trigger ends its task itself, and when it wakes a worker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from airflow_provider_dbtsegment.compat import stats
from airflow_provider_dbtsegment.hooks import base as hooks
from airflow_provider_dbtsegment.triggers import base, connections, finishing
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.finishing import can_be_stored
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from airflow_provider_dbtsegment.watch import Watcher
from tests.scripted_server import Reply, ScriptedServer
from tests.segment.syncs import sync as sync_of_day
from tests.task_bench import again, first_end

RunTrigger = Callable[..., DbtCloudRunTrigger]
IDS = {"account_id": 7, "project_id": 3, "job_definition_id": 5}


def run(status: int, **fields: Any) -> Reply:
    return Reply(body=json.dumps({"data": {"id": 11, "status": status, **IDS, **fields}}))


def sync(status: str, **fields: Any) -> Reply:
    told = {"syncId": "s", "modelId": "m", "syncStatus": status, **fields}
    return Reply(body=json.dumps({"data": {"reverseETLSyncStatus": told}}))


class Stored(dict[str, Any]):
    """The XComs of the task, as Airflow stores them."""

    broken = False

    async def succeed(self, task_instance: Any, xcoms: dict[str, Any]) -> TriggerEvent:
        if self.broken:
            raise RuntimeError("no Airflow")
        self.update(xcoms)
        return TaskSuccessEvent()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    stored = Stored()
    monkeypatch.setattr(base, "succeed", stored.succeed)
    return stored


def in_a_triggerer(trigger: Any) -> Any:
    trigger.trigger_id = 1
    return trigger


def sync_trigger(**changed: Any) -> ReverseETLSyncTrigger:
    made = ReverseETLSyncTrigger(
        segment_conn_id="segment_default",
        model_id="m",
        sync_id="s",
        poll_interval=0.05,
        deadline=None,
        began=0.0,
        end_in_triggerer=True,
        **changed,
    )
    trigger: ReverseETLSyncTrigger = in_a_triggerer(again(made))
    return trigger


@pytest.mark.parametrize("pushes", [True, False])
async def test_a_run_that_succeeded_ends_its_task(
    pushes: bool, run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    server.script(run(3), run(10), run(10))
    trigger = run_trigger(end_in_triggerer=True, push_result=pushes)
    assert isinstance(await first_end(in_a_triggerer(trigger)), TaskSuccessEvent)
    assert stored["run_summary"]["status"] == "success"
    assert {**stored, "run_summary": 0} == {
        "run_summary": 0,
        **({"return_value": 11} if pushes else {}),
    }


@pytest.mark.parametrize("status", [20, 30, 77])
async def test_another_end_wakes_a_worker(
    status: int, run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    server.script(run(3), run(status, finished_at="2026-01-01T00:00:00Z"))
    trigger = in_a_triggerer(run_trigger(end_in_triggerer=True, timeout=0.5))
    event = await first_end(trigger)
    assert event.payload["run_id"] == 11
    assert not stored


async def test_what_a_trigger_is_not_told_to_end_wakes_a_worker(
    run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    server.script(run(10))
    assert (await first_end(in_a_triggerer(run_trigger()))).payload == {"run_id": 11}
    # A DAG that is tested in one process knows no event that ends a task.
    assert (await first_end(run_trigger(end_in_triggerer=True))).payload == {"run_id": 11}


@pytest.mark.parametrize(
    "doubt", [run(3), Reply(500), Reply(401), Reply(body="{}")], ids=["3", "500", "401", "{}"]
)
async def test_doubt_that_lasts_wakes_a_worker(
    doubt: Reply,
    run_trigger: RunTrigger,
    server: ScriptedServer,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finishing, "FINISH_FOR", 0.3)
    server.script(run(10), doubt)
    trigger = in_a_triggerer(run_trigger(end_in_triggerer=True))
    assert (await first_end(trigger)).payload == {"run_id": 11}
    assert not stored


async def test_doubt_that_passes_does_not(
    run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    server.script(run(10), run(3), Reply(502), run(10))
    trigger = in_a_triggerer(run_trigger(end_in_triggerer=True))
    assert isinstance(await first_end(trigger), TaskSuccessEvent)


async def test_xcoms_that_airflow_does_not_store_wake_a_worker(
    run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    stored.broken = True
    server.script(run(10))
    trigger = in_a_triggerer(run_trigger(end_in_triggerer=True))
    assert (await first_end(trigger)).payload == {"run_id": 11}


@pytest.mark.parametrize(
    "value", [float("nan"), "\x00", "\ud800", object()], ids=["nan", "nul", "surrogate", "object"]
)
def test_what_no_database_takes_is_left_to_a_worker(value: Any) -> None:
    assert not can_be_stored({"a": {"b": [value]}})
    assert can_be_stored({"a": {"b": [1, 0.5, "ü", None, True]}})


@pytest.mark.parametrize(
    ("policy", "limit", "ends"),
    [("fail", None, False), ("warn", None, True), ("accept", 4, False), ("accept", "50%", True)],
)
async def test_a_partial_success_ends_the_task_if_it_is_to_pass(
    policy: str,
    limit: Any,
    ends: bool,
    server: ScriptedServer,
    stored: Stored,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = {"deliverSuccessCount": "15", "deliverFailureCount": "5"}
    server.script(sync("IN_PROGRESS"), sync("PARTIAL_SUCCESS", loadPhase=counts))
    trigger = sync_trigger(partial_success=policy, max_rejected_rows=limit, push_result=True)
    event = await first_end(trigger)
    assert isinstance(event, TaskSuccessEvent) is ends
    assert stored.get("return_value") == ("s" if ends else None)
    lines = (caplog.text + capsys.readouterr().out).splitlines()
    told = [line for line in lines if "5 of 20 rows rejected (25%)." in line]
    assert bool(told) is ends
    assert all(("warning" in line.lower()) is (policy == "warn") for line in told)
    # The state that ended the waiting is the whole answer.
    assert len(server.received) == 2


HISTORY = [(0, 3), (0, 3), (47, 3)]


def syncs(*counts: tuple[int, int]) -> Reply:
    """Answer with a mapping's syncs, of which ours is the newest."""
    listed = [{**sync_of_day(-day, *one), "syncId": f"s-{day}"} for day, one in enumerate(counts)]
    listed[0]["syncId"] = "s"
    return Reply(body=json.dumps({"data": {"syncStatuses": listed, "pagination": {}}}))


@pytest.mark.parametrize(
    ("counts", "limit", "ends", "requests"),
    [
        # One list ends the wait, and one tells of earlier rejections if they matter.
        (HISTORY, None, True, 2),
        (HISTORY, "10%", True, 2),
        (HISTORY, 2, False, 1),
        ([(0, 5), *HISTORY], None, False, 2),
        ([(47, 3)], "10%", True, 1),
        ([(47, 3)], "5%", False, 2),
        ([(50, 0)], None, True, 1),
        ([(0, 0)], None, True, 1),
    ],
)
async def test_a_sync_that_rejected_known_rows_ends_the_task_for_one_more_request(
    counts: list[tuple[int, int]],
    limit: Any,
    ends: bool,
    requests: int,
    server: ScriptedServer,
    stored: Stored,
) -> None:
    server.script(syncs(*counts))
    trigger = sync_trigger(subscription_id="x", partial_success="accept", max_rejected_rows=limit)
    assert isinstance(await first_end(trigger), TaskSuccessEvent) is ends
    assert len(server.received) == requests
    if ends:
        assert stored["sync_summary"]["rejected"] == counts[0][1]


async def test_an_end_that_cannot_be_judged_for_now_wakes_a_worker(
    server: ScriptedServer, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "FINISH_FOR", 0.3)
    server.script(syncs(*HISTORY), Reply(503))
    trigger = sync_trigger(subscription_id="x", partial_success="accept")
    assert (await first_end(trigger)).payload["sync_id"] == "s"
    server.script(syncs(*HISTORY), Reply(503), syncs(*HISTORY))
    trigger = sync_trigger(subscription_id="x", partial_success="accept")
    assert isinstance(await first_end(trigger), TaskSuccessEvent)


async def test_a_failed_extraction_wakes_a_worker_at_once(
    server: ScriptedServer, stored: Stored
) -> None:
    server.script(sync("FAIL", extractPhase={"errorCode": "QUERY_FAILED"}))
    trigger = sync_trigger(partial_success="accept")
    assert (await first_end(trigger)).payload["sync_id"] == "s"
    assert len(server.received) == 1


async def test_triggers_that_begin_together_ask_airflow_once(
    run_trigger: RunTrigger,
    server: ScriptedServer,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0
    given = hooks.get_connection

    async def get_connection(conn_id: str) -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        return await given(conn_id)

    monkeypatch.setattr(hooks, "get_connection", get_connection)
    server.script(run(10))
    together = [first_end(in_a_triggerer(run_trigger())) for _ in range(1000)]
    first = asyncio.ensure_future(together.pop())
    await asyncio.sleep(0)
    # That the first who comes is cancelled does not leave the others without an answer.
    asyncio.get_running_loop().call_later(0.01, first.cancel)
    await asyncio.gather(*together)
    assert asked == 1
    monkeypatch.setattr(connections, "RECENT", 0.0)
    await first_end(in_a_triggerer(run_trigger()))
    assert asked == 2


async def test_no_session_is_left_when_the_last_trigger_is_gone(
    run_trigger: RunTrigger, server: ScriptedServer, stored: Stored
) -> None:
    server.script(run(10))
    triggers = [in_a_triggerer(run_trigger(end_in_triggerer=True)) for _ in range(20)]
    events = await asyncio.gather(*(first_end(trigger) for trigger in triggers))
    assert all(isinstance(event, TaskSuccessEvent) for event in events)
    assert Watcher._shared == {}


async def test_waiting_is_measured(
    run_trigger: RunTrigger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    recorder = SimpleNamespace(
        gauge=lambda name, value: counted.append(f"{name} {value}"),
        incr=counted.append,
        timing=lambda name, value: counted.append(name),
    )
    monkeypatch.setattr(base, "stats", lambda: recorder)
    server.script(run(3), run(10))
    await first_end(run_trigger())
    assert {"dbtsegment.dbt_cloud.waits 1", "dbtsegment.dbt_cloud.requests"} <= {*counted}
    # Airflow takes the same calls.
    for name, value in (("gauge", 1), ("timing", 1.5)):
        getattr(stats(), name)(f"dbtsegment.dbt_cloud.{name}", value)
    stats().incr("dbtsegment.dbt_cloud.requests")
