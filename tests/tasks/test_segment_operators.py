"""Syncs, from a task's point of view, on the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    RunFailedError,
    StartTimeoutError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.operators.segment import (
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
)
from tests.task_bench import Ended, Ledger, TaskInstance, run_task
from tests.waiting import wait_until

IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
GOOD = {"source_id": "warehouse", "model_id": "everybody", "subscription_id": "good"}
PARTIAL = {"source_id": "warehouse", "model_id": "some_bad", "subscription_id": "partial"}
FAILING = {"source_id": "warehouse", "model_id": "broken", "subscription_id": "failing"}
SLOW = {"source_id": "warehouse", "model_id": "everybody", "subscription_id": "slow"}


def sync(
    options: dict[str, Any],
    deferrable: bool = False,
    *,
    run_id: str = "r",
    try_number: int = 1,
    ledger: Ledger | None = None,
) -> Ended:
    task = CreateReverseETLManualSyncOperator(
        task_id="sync", deferrable=deferrable, retries=1, **{"poll_interval": 0.1, **options}
    )
    instance = TaskInstance(run_id=run_id, try_number=try_number, max_tries=1)
    return run_task(task, instance, ledger)


def syncs_of(hook: SegmentHook, options: dict[str, Any]) -> list[Any]:
    return list(
        hook.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
            options["model_id"], options["subscription_id"]
        )
    )


@pytest.fixture
def nothing_going_on(segment: SegmentHook) -> None:
    """Ends what an earlier test has left going on: Segment syncs a mapping once at a time."""
    for going in syncs_of(segment, SLOW):
        if going["syncStatus"] == "IN_PROGRESS":
            segment.cancel_reverse_etl_sync_for_model("everybody", going["syncId"])
    wait_until(lambda: all(sync.get("finishedAt") for sync in syncs_of(segment, SLOW)))


@IN_BOTH_MODES
def test_a_sync_is_run_and_summed_up(deferrable: bool) -> None:
    ended = sync(GOOD, deferrable)
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))
    assert ended.xcoms["sync_id"] == ended.value
    summary = ended.xcoms["sync_summary"]
    assert summary["sync_id"] == ended.value
    assert summary["status"] == "SUCCESS"
    assert summary["subscription_id"] == "good"
    counts = {name: summary[name] for name in ("extracted", "delivered", "rejected")}
    assert counts == {"extracted": 20, "delivered": 20, "rejected": 0}


@IN_BOTH_MODES
def test_a_failure_gives_segments_reason(deferrable: bool) -> None:
    ended = sync(FAILING, deferrable)
    assert isinstance(ended.error, RunFailedError)
    assert 'Referenced column "no_such_column" not found' in ended.message
    assert ended.xcoms["sync_summary"]["status"] == "FAIL"


@IN_BOTH_MODES
@pytest.mark.parametrize(
    ("options", "state", "says"),
    [
        ({}, "failed", "delivered 15 of 20 rows; the destination rejected 5"),
        ({}, "failed", "because of partial_success='fail'"),
        ({"partial_success": "warn"}, "success", ""),
        ({"partial_success": "accept"}, "success", ""),
        ({"partial_success": "accept", "max_rejected_rows": 5}, "success", ""),
        ({"partial_success": "accept", "max_rejected_rows": "25%"}, "success", ""),
        ({"partial_success": "warn", "max_rejected_rows": 4}, "failed", "=4 allows 4"),
        ({"partial_success": "warn", "max_rejected_rows": "0%"}, "failed", "='0%' allows 0% of"),
    ],
)
def test_the_user_decides_what_a_partial_success_means(
    options: dict[str, Any], state: str, says: str, deferrable: bool
) -> None:
    ended = sync({**PARTIAL, **options}, deferrable)
    assert ended.state == state
    assert says in ended.message
    summary = ended.xcoms["sync_summary"]
    assert (summary["delivered"], summary["rejected"]) == (15, 5)


@IN_BOTH_MODES
def test_a_later_try_takes_over_what_still_goes_on(
    deferrable: bool, segment: SegmentHook, nothing_going_on: None
) -> None:
    ledger = Ledger()
    before = len(syncs_of(segment, SLOW))
    run_id = f"time-out {deferrable}"
    options = {**SLOW, "timeout": 0.5}
    first = sync(options, deferrable, run_id=run_id, ledger=ledger)
    assert isinstance(first.error, WaitTimeoutError)
    second = sync(options, deferrable, run_id=run_id, ledger=ledger, try_number=2)
    assert isinstance(second.error, WaitTimeoutError)
    assert second.xcoms["sync_id"] == first.xcoms["sync_id"]
    assert len(syncs_of(segment, SLOW)) == before + 1


def test_a_busy_mapping_is_waited_for_as_long_as_configured(nothing_going_on: None) -> None:
    sync({**SLOW, "wait_for_completion": False}, run_id="first")
    ended = sync({**SLOW, "start_timeout": 2}, run_id="second")
    assert ended.state == "failed"
    assert isinstance(ended.error, StartTimeoutError)
    assert "409" in ended.message


def test_a_kill_cancels_the_sync_only_if_that_is_wanted(
    segment: SegmentHook, nothing_going_on: None
) -> None:
    task = CreateReverseETLManualSyncOperator(task_id="s", wait_for_completion=False, **SLOW)
    sync_id = run_task(task).value
    task.on_kill()
    status = segment.get_reverse_etl_sync_status("everybody", sync_id)["syncStatus"]
    assert status == "IN_PROGRESS"
    task.cancel_on_kill = True
    task.on_kill()
    wait_until(lambda: segment.get_reverse_etl_sync_status("everybody", sync_id).get("finishedAt"))


def test_a_model_sync_is_triggered() -> None:
    ended = run_task(TriggerDbtModelSyncOperator(task_id="t", source_id="warehouse"))
    assert ended.state == "success"
    assert ended.value


def test_an_unknown_source_is_told() -> None:
    ended = run_task(TriggerDbtModelSyncOperator(task_id="t", source_id="nowhere"))
    assert isinstance(ended.error, ConfigurationError)
    assert "knows no source nowhere" in ended.message


def test_a_model_that_is_not_there_is_named(segment: SegmentHook) -> None:
    before = len(syncs_of(segment, GOOD))
    ended = sync({**GOOD, "model_id": "unknown"})
    assert isinstance(ended.error, ConfigurationError), ended
    assert "Segment knows no such source, model or mapping" in ended.message
    assert len(syncs_of(segment, GOOD)) == before
