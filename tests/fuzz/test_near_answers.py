"""A run or a sync with one field that is not what it ought to be, at the end of a task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.exceptions import AirflowException

from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.tasks import base
from tests.fuzz.answers import NASTY, RUN, SYNC, written
from tests.fuzz.raw_server import RawServer
from tests.task_bench import TaskInstance

ENDS = [(10, "SUCCESS"), (20, "FAIL")]
GONE = object()
WHO: dict[str, Any] = {"task_id": "t", "poll_interval": 0.01, "fault_budget": 0.001}
LOOKS: dict[str, Any] = {"task_id": "t", "poke_interval": 0.01, "fault_budget": 0.001}


def variants(valid: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return everything that has one field that is not what it ought to be."""
    for code, word in ENDS:
        ended = {**valid, "finished_at": "2026-01-01 00:01:00+00:00"}
        ended |= {"status": code} if "status" in valid else {"syncStatus": word}
        yield ended
        for name in sorted(valid):
            for value in [*NASTY, GONE]:
                changed = {**ended, name: value}
                if value is GONE:
                    del changed[name]
                yield changed


def answer(content: Any) -> bytes:
    body = written({"data": content})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(base, "LAG", 0.0)


def end_of(task: Any, event: dict[str, Any]) -> str:
    """Return how a task ends after its trigger."""
    context: Any = {"ti": TaskInstance()}
    try:
        task.execute_complete(context, event, {**event, "see": "x", "by_airflow": False})
    except (DbtSegmentError, AirflowException) as error:
        str(error).encode()
        return "failed"
    return "success"


@pytest.mark.parametrize("kind", ["operator", "sensor"])
def test_a_run_succeeds_only_in_so_many_words(kind: str, raw: RawServer) -> None:
    task: Any
    if kind == "operator":
        task = TriggerDbtJobOperator(job_id=5, **WHO)
    else:
        task = DbtCloudRunSensor(run_id=11, **LOOKS)
    for run in variants(RUN):
        raw.get = answer(run)
        told = type(run.get("id")) is int and type(run.get("status")) is int
        good = told and (run["id"], run["status"]) == (11, 10) and "HUGE" not in run.values()
        assert end_of(task, {"run_id": 11}) == ("success" if good else "failed"), run


@pytest.mark.parametrize("kind", ["operator", "sensor"])
def test_a_sync_succeeds_only_in_so_many_words(kind: str, raw: RawServer) -> None:
    task: Any
    if kind == "operator":
        ids = {"source_id": "w", "model_id": "m", "subscription_id": "x"}
        task = CreateReverseETLManualSyncOperator(**ids, **WHO)
    else:
        task = ReverseETLSyncSensor(model_id="m", sync_id="s", **LOOKS)
    for sync in variants(SYNC):
        raw.get = answer({"reverseETLSyncStatus": sync})
        word = sync.get("syncStatus")
        good = sync.get("syncId") == "s" and isinstance(word, str) and word.upper() == "SUCCESS"
        good = good and "HUGE" not in sync.values()
        event = {"model_id": "m", "sync_id": "s"}
        assert end_of(task, event) == ("success" if good else "failed"), sync
