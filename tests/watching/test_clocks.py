"""The wall clock may be set while many wait; and a process may stand still."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    NotFoundError,
    ServerError,
    WaitFaultsError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.patience import (
    FAULT_BUDGET,
    NOT_FOUND_GRACE,
    Patience,
)
from airflow_provider_dbtsegment.watching.waits import LAST_LOOK
from tests.watched_source import NOT_FOUND, WHERE
from tests.watching.fleet import Fleet, wait_for_all
from tests.watching.test_chronicle import said, service_with
from tests.watching.test_feed import SOON, SWEPT, fleet_of, lateness

STEPS = pytest.mark.parametrize("step", [3600.0, -3600.0, 0.3, -0.3, 25.0, -25.0])
COUNTS = pytest.mark.parametrize("count", [1, 80, 400])
Failures = dict[int, tuple[float, Exception]]


def set_clock(fleet: Fleet, after: float, step: float) -> float:
    """Set the wall clock some time from now, and return when that will be."""
    at = fleet.world.now + after
    fleet.world.clock_is_set = (at, step)
    return at


@STEPS
@COUNTS
@pytest.mark.parametrize("refuses", [set(), {"feed"}, {"feed", "ended", "many"}], ids=str)
def test_ends_are_heard_as_soon_as_ever(count: int, step: float, refuses: set[str]) -> None:
    fleet = fleet_of(count)
    fleet.refuses = refuses
    set_clock(fleet, 250, step)
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SOON + (count * 0.08 if "many" in refuses else 0)
    # Neither in a hurry nor with a pause.
    assert fleet.count("feed") <= 600 / 10 + 3


@STEPS
def test_the_sweep_keeps_its_pace(step: float) -> None:
    fleet = fleet_of(500)
    fleet.shown_after = dict.fromkeys(fleet.ends, 1e9)
    set_clock(fleet, 250, step)
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SWEPT


@STEPS
def test_progress_is_told_once_a_minute(step: float) -> None:
    service = service_with(5)
    set_clock(service, 250, step)
    for told in said(service).values():
        assert len(told) >= 8
        assert all(59 <= b - a <= 90 for a, b in itertools.pairwise(told))


@STEPS
def test_a_way_that_was_refused_is_tried_again_after_its_time(step: float) -> None:
    fleet = fleet_of(300, steady=900, last=1000)
    begin = fleet.world.now
    fleet.refuses = {"feed"}
    fleet.world.later(60, lambda: fleet.refuses.clear())
    set_clock(fleet, 250, step)
    wait_for_all(fleet, fleet.world, list(fleet.ends))
    refused = [at for at, way in fleet.requests if way == "feed" and at < begin + 60]
    again = min(at for at, way in fleet.requests if way == "feed" and at > begin + 60)
    assert 600 <= again - max(refused) <= 620


@STEPS
@COUNTS
def test_a_deadline_is_kept_by_the_wall_clock_with_a_last_look(count: int, step: float) -> None:
    fleet = fleet_of(count, steady=9000, last=9001)
    deadline = fleet.world.clock() + 200
    at = set_clock(fleet, 100, step)
    passes = max(at, deadline - step)
    failures: Failures = {}
    wait_for_all(
        fleet,
        fleet.world,
        list(fleet.ends),
        patience=lambda now: Patience(deadline, now),
        failures=failures,
    )
    assert len(failures) == count
    for key, (ended, error) in failures.items():
        assert isinstance(error, WaitTimeoutError)
        assert error.__cause__ is None, "no last look"
        assert passes - 0.01 <= fleet.looks[key][-1]
        assert ended <= passes + LAST_LOOK + 1


@STEPS
def test_budgets_do_not_follow_the_wall_clock(step: float) -> None:
    down = ServerError("down", **WHERE, status=503)
    for error, kind, lasting in (
        (down, WaitFaultsError, FAULT_BUDGET),
        (NOT_FOUND, NotFoundError, NOT_FOUND_GRACE),
    ):
        fleet = fleet_of(50, steady=5000, last=6000)
        begin = fleet.world.now
        fleet.broken = lambda now, error=error: error
        set_clock(fleet, 30, step)
        failures: Failures = {}
        wait_for_all(fleet, fleet.world, list(fleet.ends), failures=failures)
        for at, found in failures.values():
            assert isinstance(found, kind)
            assert begin + lasting <= at <= begin + lasting + 25


@pytest.mark.parametrize("stands", [40.0, 400.0])
@COUNTS
def test_a_process_that_stood_still_beyond_a_deadline_still_polls(
    count: int, stands: float
) -> None:
    fleet = fleet_of(count, steady=110, last=111)
    deadline = fleet.world.clock() + 120

    def stand_still(watcher: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(105, lambda: fleet.world.advance(fleet.world.now + stands))

    heard = wait_for_all(
        fleet,
        fleet.world,
        list(fleet.ends),
        patience=lambda now: Patience(deadline, now),
        meanwhile=stand_still,
    )
    assert set(heard) == set(fleet.ends)


@COUNTS
def test_a_wait_that_begins_after_its_deadline_polls_once(count: int) -> None:
    fleet = fleet_of(count, steady=-10, last=-5)
    heard = wait_for_all(
        fleet,
        fleet.world,
        list(fleet.ends),
        patience=lambda now: Patience(now - 7200, now - 9000),
    )
    assert set(heard) == set(fleet.ends)
