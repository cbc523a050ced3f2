"""Waiting in one's own thread: the rules that hold for both ways."""

from __future__ import annotations

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    NotFoundError,
    RateLimitedError,
    WaitFaultsError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.patience import FAULT_BUDGET, NOT_FOUND_GRACE, Patience
from airflow_provider_dbtsegment.watch import wait_blocking
from tests.watched_source import NOT_FOUND, SERVER_ERROR, WHERE, Source


class Simulation:
    """A clock that moves only when somebody sleeps, and a script of what happens at which time."""

    def __init__(self, source: Source, script: dict[float, str | Exception]) -> None:
        self.now = 1000.0
        self.source = source
        self.script = {1000.0 + at: state for at, state in script.items()}
        self._apply()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)
        self._apply()

    def _apply(self) -> None:
        for at in sorted(self.script):
            if at <= self.now:
                self.source.states[1] = self.script[at]


def wait(
    script: dict[float, str | Exception], timeout: float | None = None, interval: float = 10
) -> tuple[str, Simulation, list[str]]:
    source = Source()
    simulation = Simulation(source, script)
    changes: list[str] = []
    deadline = None if timeout is None else 1000.0 + timeout
    state = wait_blocking(
        source,
        1,
        interval=interval,
        patience=Patience(deadline, 1000.0),
        on_change=lambda label, _: changes.append(label),
        clock=simulation.clock,
        sleep=simulation.sleep,
    )
    return state, simulation, changes


def test_it_waits_until_the_end_and_tells_each_change_once() -> None:
    state, simulation, changes = wait({0: "queued", 25: "running", 42: "done"})
    assert state == "done"
    assert changes == ["queued", "running", "done"]
    assert simulation.now == 1050


def test_a_last_look_precedes_the_time_out() -> None:
    state, simulation, _ = wait({0: "running", 14: "done"}, timeout=15)
    assert state == "done"
    assert simulation.now == 1015


def test_a_look_that_began_before_the_deadline_is_not_the_last_one() -> None:
    source = Source()
    simulation = Simulation(source, {0: "running", 14: "done"})
    answer = source.ask_one

    def slowly(key: int) -> str:
        state = answer(key)
        simulation.sleep(4)
        return state

    source.ask_one = slowly  # type: ignore[method-assign]
    state = wait_blocking(
        source,
        1,
        interval=8,
        patience=Patience(1015.0, 1000.0),
        on_change=lambda label, _: None,
        clock=simulation.clock,
        sleep=simulation.sleep,
    )
    assert state == "done"


def test_it_times_out_at_the_deadline() -> None:
    with pytest.raises(WaitTimeoutError, match="after 35 s"):
        wait({0: "running", 36: "done"}, timeout=35)


def test_faults_are_survived_and_forgotten() -> None:
    half = FAULT_BUDGET * 0.6
    script = {0: SERVER_ERROR, half: "running", half + 20: SERVER_ERROR, 2 * half: "done"}
    assert wait(script)[0] == "done"


def test_faults_in_a_row_end_the_waiting_with_the_last_reason() -> None:
    with pytest.raises(WaitFaultsError, match="500 down"):
        wait({0: "running", 20: SERVER_ERROR})


def test_too_many_requests_never_end_the_waiting() -> None:
    busy = RateLimitedError("slow", **WHERE, status=429, retry_after=1)
    assert wait({0: busy, FAULT_BUDGET * 3: "done"})[0] == "done"


def test_a_refused_token_ends_the_waiting_at_once() -> None:
    refused = AuthError("no", **WHERE, status=401)
    with pytest.raises(AuthError):
        wait({0: "running", 20: refused})


def test_a_run_that_is_not_there_yet_is_waited_for_but_not_for_ever() -> None:
    assert wait({0: NOT_FOUND, NOT_FOUND_GRACE / 2: "done"})[0] == "done"
    with pytest.raises(NotFoundError):
        wait({0: NOT_FOUND})


def test_a_mistake_of_our_own_is_not_taken_for_a_fault() -> None:
    with pytest.raises(KeyError):
        wait({0: KeyError("bug")})
