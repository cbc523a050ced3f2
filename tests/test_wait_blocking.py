"""Waiting in one's own thread: the rules that hold for both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    ConnectionMovedError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    WaitFaultsError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.patience import (
    AUTH_CONFIRMATION,
    FAULT_BUDGET,
    NOT_FOUND_CONFIRMATION,
    NOT_FOUND_GRACE,
    Patience,
)
from airflow_provider_dbtsegment.watch import wait_blocking
from airflow_provider_dbtsegment.watching.clock import Clock
from tests.watched_source import (
    BY_GATEWAY,
    NOT_FOUND,
    REFUSED,
    SERVER_ERROR,
    UNAUTHORIZED,
    WHERE,
    Source,
    of_service,
)

FORBIDDEN = of_service(AuthError("no", **WHERE, status=403))


class Simulation:
    """
    Clocks that move only when somebody sleeps, and a script of what happens at which time.

    :param steps: By how much the wall clock is set at which time.
    """

    def __init__(
        self,
        source: Source,
        script: dict[float, str | Exception],
        steps: dict[float, float] | None = None,
    ) -> None:
        self.steady = 0.0
        self.source = source
        self.script = script
        self.steps = steps or {}
        self._apply()

    @property
    def now(self) -> float:
        """The wall clock."""
        return 1000.0 + self.steady + sum(by for at, by in self.steps.items() if at <= self.steady)

    def clock(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.steady

    def sleep(self, seconds: float) -> None:
        self.steady += max(seconds, 0.001)
        self._apply()

    def _apply(self) -> None:
        for at in sorted(self.script):
            if at <= self.steady:
                self.source.states[1] = self.script[at]


def wait(
    script: dict[float, str | Exception],
    timeout: float | None = None,
    interval: float = 10,
    *,
    steps: dict[float, float] | None = None,
    source: Source | None = None,
    budget: float = FAULT_BUDGET,
    waited_before: float = 0.0,
) -> tuple[str, Simulation, list[str]]:
    source = source or Source()
    simulation = Simulation(source, script, steps)
    source.clock = simulation.monotonic
    changes: list[str] = []
    deadline = None if timeout is None else 1000.0 + timeout
    state = wait_blocking(
        source,
        1,
        interval=interval,
        patience=Patience(deadline, 1000.0 - waited_before, budget),
        on_change=lambda label, _: changes.append(label),
        clock=simulation.clock,
        monotonic=simulation.monotonic,
        sleep=simulation.sleep,
    )
    return state, simulation, changes


def ends_with(
    kind: type[Exception], script: dict[float, str | Exception], **options: float
) -> float:
    """Return after how many seconds a wait ends with an error."""
    source = Source()
    with pytest.raises(kind):
        wait(script, source=source, **options)  # type: ignore[arg-type]
    return source.clock()


def test_it_waits_until_the_end_and_tells_each_change_once() -> None:
    state, simulation, changes = wait({0: "queued", 25: "running", 42: "done"})
    assert state == "done"
    assert changes == ["queued", "running", "done"]
    assert simulation.steady == 50


def test_a_last_look_precedes_the_time_out() -> None:
    state, simulation, _ = wait({0: "running", 14: "done"}, timeout=15)
    assert state == "done"
    assert simulation.steady == pytest.approx(15, abs=0.02)


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
        monotonic=simulation.monotonic,
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


@pytest.mark.parametrize("shortage", [MemoryError(), OSError(24, "Too many open files")], ids=repr)
def test_what_this_machine_is_short_of_counts_as_a_fault(shortage: Exception) -> None:
    assert wait({0: "running", 20: shortage, 60: "done"})[0] == "done"
    assert FAULT_BUDGET <= ends_with(WaitFaultsError, {0: shortage}) <= FAULT_BUDGET + 10


def test_too_many_requests_never_end_the_waiting() -> None:
    busy = RateLimitedError("slow", **WHERE, status=429, retry_after=1)
    assert wait({0: busy, FAULT_BUDGET * 3: "done"})[0] == "done"


@pytest.mark.parametrize("page", BY_GATEWAY, ids=lambda error: str(error.status))
@pytest.mark.parametrize("first", ["running", None], ids=["seen", "never seen"])
def test_what_a_gateway_may_have_written_counts_against_the_error_budget(
    page: RequestError, first: str | None
) -> None:
    begin: dict[float, str | Exception] = {0: first or page}
    long = max(NOT_FOUND_CONFIRMATION, AUTH_CONFIRMATION) * 2
    assert wait({**begin, 20: page, 20 + long: "done"})[0] == "done"
    assert ends_with(WaitFaultsError, {**begin, 20: page}) >= FAULT_BUDGET


@pytest.mark.parametrize("refusal", [UNAUTHORIZED, FORBIDDEN], ids=lambda error: str(error.status))
def test_a_refused_token_ends_the_waiting_when_that_lasts(refusal: RequestError) -> None:
    assert wait({0: "running", 20: refusal, 20 + AUTH_CONFIRMATION: "done"})[0] == "done"
    after = ends_with(AuthError, {0: "running", 20: refusal})
    assert 20 + AUTH_CONFIRMATION <= after <= 20 + AUTH_CONFIRMATION + 10
    # It is no fault of the service, however small the budget for those is.
    assert ends_with(AuthError, {0: refusal}, budget=5) >= AUTH_CONFIRMATION


def test_refusals_that_other_faults_interrupt_last_all_the_same() -> None:
    script: dict[float, str | Exception] = {0: "running"}
    script |= {20.0 + 20 * n: UNAUTHORIZED if n % 2 else SERVER_ERROR for n in range(50)}
    assert ends_with(AuthError, script) <= 20 + AUTH_CONFIRMATION + 40


class Rotating(Source):
    """A service whose token is replaced, and a connection that holds the new one a while later."""

    def __init__(self, refused_from: float, renewed_from: float) -> None:
        super().__init__()
        self.refused_from, self.renewed_from = refused_from, renewed_from
        self.readings: list[float] = []
        self.renewed = -1.0
        #: What goes wrong with reading the connection.
        self.broken: Callable[[float], Exception | None] = lambda now: None

    @property
    def renewed_at(self) -> float:
        return self.renewed

    def renew(self) -> bool:
        now = self.clock()
        self.readings.append(now)
        problem = self.broken(now)
        if problem is not None:
            raise problem
        if now < self.renewed_from or self.renewed >= 0:
            return False
        self.renewed = now
        return True

    def ask_one(self, key: int) -> str:
        state = super().ask_one(key)
        if self.clock() >= self.refused_from and self.renewed < 0:
            raise UNAUTHORIZED
        return state


@pytest.mark.parametrize("renewed_from", [0.0, 21.0, 75.0])
def test_a_replaced_token_is_read_again_and_used_at_once(renewed_from: float) -> None:
    source = Rotating(20, renewed_from)
    state, _, _ = wait({0: "running", 300: "done"}, source=source)
    assert state == "done"
    used_at = next(at for at in source.readings if at >= renewed_from)
    assert source.renewed == used_at
    assert len(source.readings) <= 7


def test_a_connection_is_not_read_at_each_refusal() -> None:
    source = Rotating(20, 1e9)
    with pytest.raises(AuthError):
        wait({0: "running"}, source=source, interval=1)
    assert len(source.readings) <= AUTH_CONFIRMATION / 10 + 1


def test_a_token_is_not_given_up_while_the_connection_cannot_be_read() -> None:
    source = Rotating(20, 0)
    source.broken = lambda now: ConnectionError("no Airflow") if now < 400 else None
    assert wait({0: "running", 500: "done"}, source=source)[0] == "done"
    source = Rotating(20, 0)
    source.broken = lambda now: ConnectionError("no Airflow")
    with pytest.raises(WaitFaultsError, match="could not be read again"):
        wait({0: "running"}, source=source)


def test_a_connection_that_points_elsewhere_ends_the_waiting_at_once() -> None:
    source = Rotating(20, 0)
    source.broken = lambda now: ConnectionMovedError("elsewhere")
    with pytest.raises(ConnectionMovedError):
        wait({0: "running"}, source=source)
    assert source.clock() == 20


def test_a_run_that_is_not_there_yet_is_waited_for_but_not_for_ever() -> None:
    assert wait({0: NOT_FOUND, NOT_FOUND_GRACE / 2: "done"})[0] == "done"
    after = ends_with(NotFoundError, {0: NOT_FOUND})
    assert NOT_FOUND_GRACE <= after <= NOT_FOUND_GRACE + 10


@pytest.mark.parametrize("waited_before", [0.0, NOT_FOUND_GRACE])
def test_a_run_that_was_seen_is_gone_only_when_that_is_confirmed(waited_before: float) -> None:
    # An earlier process has seen it, or the waiting would have ended.
    begin: dict[float, str | Exception] = {} if waited_before else {0: "running"}
    script = {**begin, 10: NOT_FOUND, 10 + NOT_FOUND_CONFIRMATION - 20: "done"}
    assert wait({0: NOT_FOUND, **script}, waited_before=waited_before)[0] == "done"
    after = ends_with(
        NotFoundError, {0: NOT_FOUND, **begin, 10: NOT_FOUND}, waited_before=waited_before
    )
    assert NOT_FOUND_CONFIRMATION <= after <= NOT_FOUND_CONFIRMATION + 20


def test_a_refused_request_ends_the_waiting_at_once() -> None:
    assert ends_with(InvalidRequestError, {0: "running", 20: REFUSED}) == 20


def test_a_mistake_of_our_own_is_not_taken_for_a_fault() -> None:
    with pytest.raises(KeyError):
        wait({0: KeyError("bug")})


STEPS = pytest.mark.parametrize("step", [3600.0, -3600.0, 0.4, -0.4, 30.0, -30.0])


@STEPS
def test_intervals_and_budgets_do_not_follow_a_clock_that_is_set(step: float) -> None:
    steps = {15.0: step}
    assert wait({0: "running", 42: "done"}, steps=steps)[1].steady == 50
    lasting = ends_with(WaitFaultsError, {0: SERVER_ERROR}, steps=steps)  # type: ignore[arg-type]
    assert FAULT_BUDGET <= lasting <= FAULT_BUDGET + 10
    lasting = ends_with(NotFoundError, {0: NOT_FOUND}, steps=steps)  # type: ignore[arg-type]
    assert NOT_FOUND_GRACE <= lasting <= NOT_FOUND_GRACE + 10
    lasting = ends_with(AuthError, {0: UNAUTHORIZED}, steps=steps)  # type: ignore[arg-type]
    assert AUTH_CONFIRMATION <= lasting <= AUTH_CONFIRMATION + 10


@STEPS
def test_a_deadline_is_a_time_of_the_wall_clock_and_a_last_look_precedes_it(step: float) -> None:
    source = Source()
    with pytest.raises(WaitTimeoutError):
        wait({0: "running"}, timeout=100, steps={15.0: step}, source=source)
    due = 100 - step
    # A clock that is set forward is noticed at the next look, which is the last one.
    assert max(due, 15) <= source.clock() <= max(due, 20) + 0.1
    assert source.asked_at[-1] >= due


def test_a_clock_is_read_in_both_ways_at_once() -> None:
    now = Clock(lambda: 5.0, lambda: 7.0).now()
    assert (now.wall, now.steady) == (5.0, 7.0)
