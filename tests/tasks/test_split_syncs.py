"""Syncs of 150 million rows or more: Segment may split their extract into several syncs."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import RunFailedError, WaitTimeoutError
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.segment import split_syncs
from airflow_provider_dbtsegment.segment.split_syncs import MIN_ROWS, further_parts, may_be_split
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.tasks import segment as tasks
from tests.one_wait import MAPPING, MODEL, SYNC, OneWait
from tests.scripted_server import Received, Reply, serving
from tests.task_bench import Ended, run_task

LARGE = str(MIN_ROWS)
#: Seconds in place of a minute.
SHORT = 1.5


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def sync(name: str, began: float, ended: float | None, rows: str = "7", **more: Any) -> Any:
    status = {"syncStatus": "IN_PROGRESS"} if ended is None else {"syncStatus": "SUCCESS"}
    finished = {} if ended is None else {"finishedAt": at(ended)}
    return {
        **{"syncId": name, "modelId": MODEL, "startedAt": at(began), **status, **finished},
        "extractPhase": {"extractCount": rows},
        "loadPhase": {"deliverSuccessCount": rows, "deliverFailureCount": "0"},
        **more,
    }


@pytest.mark.parametrize(
    ("phase", "large"),
    [
        ({"extractCount": LARGE}, True),
        ({"extractCount": str(MIN_ROWS - 1)}, False),
        ({"addedCount": LARGE}, True),
        ({"addedCount": "75000000", "updatedCount": "75000000"}, True),
        ({}, False),
        (None, False),
    ],
)
def test_a_sync_is_large_by_its_extract(phase: Any, large: bool) -> None:
    assert may_be_split({**sync("s", 0, 10), "extractPhase": phase}) is large


FIRST = sync("first", 0, 100, LARGE)


@pytest.mark.parametrize(
    ("others", "now", "parts", "complete"),
    [
        ([], 130, [], False),
        ([], 161, [], True),
        ([sync("before", -50, -1, LARGE)], 161, [], True),
        ([sync("late", 161, None)], 170, [], True),
        ([sync("next", 159, None)], 170, ["next"], False),
        ([sync("next", 110, 200)], 201, ["next"], True),
        ([sync("next", 110, 200, LARGE)], 201, ["next"], False),
        ([sync("next", 110, 200, LARGE)], 261, ["next"], True),
        ([sync("third", 250, 300), sync("next", 110, 200, LARGE)], 301, ["next", "third"], True),
        ([sync("other", 250, 300), sync("next", 110, 200)], 301, ["next"], True),
        # What went on beside it, and what has no times.
        ([sync("beside", 50, 120)], 161, ["beside"], True),
        ([{**sync("x", 110, 200), "startedAt": None}], 161, [], True),
        ([{**sync("next", 110, 200, LARGE), "finishedAt": None}], 170, ["next"], True),
    ],
)
def test_what_begins_within_a_minute_belongs_to_it(
    others: list[Any], now: float, parts: list[str], complete: bool
) -> None:
    found, is_complete = further_parts(FIRST, [*others, FIRST], since=100, now=now)
    assert [one["syncId"] for one in found] == parts
    assert is_complete == complete


def test_an_end_without_a_time_is_when_it_was_seen() -> None:
    first = {**FIRST, "finishedAt": None}
    assert further_parts(first, [], since=500, now=559) == ([], False)
    assert further_parts(first, [], since=500, now=561) == ([], True)


class Split(OneWait):
    """Has a sync that has ended, and one that begins soon after, or never."""

    def __init__(self, rows: str, then: str | None) -> None:
        self.rows, self.then = rows, then
        self.ended = time.time()
        super().__init__(())

    def reply_to(self, request: Received) -> Reply:
        path = request.path.split("?")[0]
        if path.endswith("/syncs"):
            return self._data(syncStatuses=self.syncs())
        if path.endswith(f"/syncs/{SYNC}"):
            self.ended = self.ended if self.looks else time.time()
            self.looks += 1
            return self._data(reverseETLSyncStatus=self.first())
        return super().reply_to(request)

    def first(self) -> Any:
        return sync(SYNC, self.ended - 60, self.ended, self.rows)

    def syncs(self) -> list[Any]:
        passed = time.time() - self.ended
        if not self.looks:
            return []
        began, over = self.ended + 0.6, self.ended + 1.2
        if self.then is None or passed < 0.6:
            return [self.first()]
        second = sync("second", began, over if passed > 1.2 and self.then != "GOES ON" else None)
        if passed > 1.2 and self.then != "GOES ON":
            second |= {"syncStatus": self.then, "error": "The warehouse was stopped."}
        return [second, self.first()]

    def _data(self, **data: Any) -> Reply:
        return Reply(body=json.dumps({"data": data}))


@pytest.fixture
def quick(own_budget: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_syncs, "NEXT_BEGINS_WITHIN", SHORT)
    monkeypatch.setattr(tasks, "PARTS_INTERVAL", 0.1)


KINDS = ("worker", "deferred", "sensor", "deferred sensor")


def run(kind: str, server: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Ended:
    given = {"conn_type": "x", "host": server.url, "password": "t0k"}
    monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", json.dumps(given))
    deferrable = "deferred" in kind
    if "sensor" in kind:
        ids = {"model_id": MODEL, "sync_id": SYNC, "subscription_id": MAPPING}
        one: Any = ReverseETLSyncSensor(
            **{"task_id": "t", "poke_interval": 0.1, "deferrable": deferrable, **ids, **options}
        )
    else:
        ids = {"source_id": "w", "model_id": MODEL, "subscription_id": MAPPING}
        one = CreateReverseETLManualSyncOperator(
            **{"task_id": "t", "poll_interval": 0.1, "deferrable": deferrable, **ids, **options}
        )
    return run_task(one)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("then", "state"), [("SUCCESS", "success"), ("FAIL", "failed")])
def test_the_sync_after_it_decides_as_well(
    then: str,
    state: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    quick: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Split(LARGE, then)) as server:
        ended = run(kind, server, monkeypatch)
    said = capsys.readouterr().out
    assert ended.state.split()[0] == state, ended.message
    assert time.time() >= server.ended + 1.2
    assert "may have split its extract" in said
    assert f"Segment sync {SYNC} is followed by second." in said
    assert "Segment sync second of model m: " in said
    assert ended.xcoms["sync_summary"]["sync_id"] == SYNC
    if state == "failed":
        assert isinstance(ended.error, RunFailedError) or "sensor" in kind
        assert "Segment sync second of model m ended with status FAIL" in ended.message
    else:
        assert "sensor" in kind or ended.value == SYNC


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_may_follow_it(
    kind: str, monkeypatch: pytest.MonkeyPatch, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Split(LARGE, None)) as server:
        ended = run(kind, server, monkeypatch)
    said = capsys.readouterr().out
    assert ended.state == "success", ended.message
    assert time.time() >= server.ended + SHORT
    assert "may have split its extract" in said


def test_what_follows_a_smaller_sync_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Split(str(MIN_ROWS - 1), "FAIL")) as server:
        assert run("worker", server, monkeypatch).state == "success"
        assert run("deferred", server, monkeypatch).workers == 1
    assert "may have split" not in capsys.readouterr().out


def test_a_sensor_that_knows_no_mapping_only_warns(
    monkeypatch: pytest.MonkeyPatch, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Split(LARGE, "FAIL")) as server:
        ended = run("sensor", server, monkeypatch, subscription_id=None)
    assert ended.state == "success"
    assert "cannot be waited for without a subscription_id" in capsys.readouterr().out


def test_the_waiting_ends_in_time(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    with serving(Split(LARGE, "GOES ON")) as server:
        ended = run("worker", server, monkeypatch, timeout=2.0)
    assert isinstance(ended.error, WaitTimeoutError)
    assert f"Waiting for Segment sync {SYNC} failed: " in ended.message
