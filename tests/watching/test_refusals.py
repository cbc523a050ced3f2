"""What refuses a poll: a gateway, or the service, because of the token or of what is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    ConnectionMovedError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
    WaitFaultsError,
)
from airflow_provider_dbtsegment.patience import (
    AUTH_CONFIRMATION,
    FAULT_BUDGET,
    NOT_FOUND_CONFIRMATION,
)
from tests.watched_source import BY_GATEWAY, NOT_FOUND, UNAUTHORIZED
from tests.watching.fleet import Fleet, wait_for_all
from tests.watching.test_feed import SOON, SWEPT, fleet_of, lateness

COUNTS = pytest.mark.parametrize("count", [1, 90, 300])


def answers(
    error: RequestError, begin: float, end: float
) -> Callable[[float], RequestError | None]:
    """Let every request be answered with an error for a while."""
    return lambda now: error if begin <= now < end else None


@COUNTS
@pytest.mark.parametrize("page", BY_GATEWAY, ids=lambda error: str(error.status))
@pytest.mark.parametrize("seconds", [4.0, 400.0])
def test_pages_of_a_gateway_end_no_wait(page: RequestError, seconds: float, count: int) -> None:
    fleet = fleet_of(count)
    begin = fleet.world.now + 100
    fleet.broken = answers(page, begin, begin + seconds)
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends))
    assert all(heard[key] <= max(end, begin + seconds) + SWEPT for key, end in fleet.ends.items())
    # They say nothing of how many can be asked for at once; only the last ones are alone.
    assert count == 1 or fleet.count("one") <= 8


def test_pages_of_a_gateway_use_up_the_error_budget() -> None:
    fleet = fleet_of(200, steady=5000, last=6000)
    begin = fleet.world.now + 100
    fleet.broken = answers(BY_GATEWAY[0], begin, 1e12)
    failures: dict[int, tuple[float, Exception]] = {}
    wait_for_all(fleet, fleet.world, list(fleet.ends), failures=failures)
    assert len(failures) == 200
    for at, error in failures.values():
        assert isinstance(error, WaitFaultsError)
        assert begin + FAULT_BUDGET <= at <= begin + FAULT_BUDGET + SWEPT + 15


@COUNTS
@pytest.mark.parametrize(
    ("refusal", "kind", "lasting"),
    [
        (UNAUTHORIZED, AuthError, AUTH_CONFIRMATION),
        (NOT_FOUND, NotFoundError, NOT_FOUND_CONFIRMATION),
    ],
    ids=["401", "404"],
)
def test_a_refusal_by_the_service_ends_waits_when_it_lasts(
    refusal: RequestError, kind: type[Exception], lasting: float, count: int
) -> None:
    for seconds in (lasting * 0.8, 1e9):
        fleet = fleet_of(count, steady=2000, last=2500)
        begin = fleet.world.now + 200
        fleet.broken = answers(refusal, begin, begin + seconds)
        failures: dict[int, tuple[float, Exception]] = {}
        heard = wait_for_all(fleet, fleet.world, list(fleet.ends), failures=failures)
        if seconds < lasting:
            assert set(heard) == set(fleet.ends)
            continue
        assert len(failures) == count
        for at, error in failures.values():
            assert isinstance(error, kind)
            assert begin + lasting <= at <= begin + lasting + SWEPT + 25


@pytest.mark.parametrize("renewable_after", [-5.0, 0.0, 3.0, 40.0])
@pytest.mark.parametrize(("count", "interval"), [(1, 10.0), (3, 120.0), (90, 30.0), (10_000, 10.0)])
def test_a_replaced_token_costs_a_few_readings_and_no_wait(
    count: int, interval: float, renewable_after: float
) -> None:
    fleet = fleet_of(count)
    fleet.refused_from = replaced = fleet.world.now + 350
    fleet.renewable_from = replaced + renewable_after
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends), interval=interval)
    assert len(fleet.renewals) <= 2 + AUTH_CONFIRMATION / 10
    slow = max(interval * 1.2, 60 * 1.2 if count > 100 else 0) + 15
    for key, at in heard.items():
        assert at <= max(fleet.ends[key], replaced + max(0, renewable_after)) + slow
    # Once it is read, everything goes on as before.
    assert fleet.renewals[-1] <= replaced + max(0, renewable_after) + slow


def test_a_token_is_not_given_up_while_the_connection_cannot_be_read() -> None:
    fleet = fleet_of(200)
    fleet.refused_from = replaced = fleet.world.now + 100
    fleet.renewable_from = 0.0
    fleet.unreadable = lambda now: OSError("no Airflow") if now < replaced + 300 else None
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends))
    assert set(heard) == set(fleet.ends)


def test_a_connection_that_hangs_holds_up_nobody_else() -> None:
    fleet = fleet_of(200)
    fleet.refused_from = replaced = fleet.world.now + 100

    async def for_ever() -> bool:
        fleet.renewals.append(fleet.world.now)
        await asyncio.sleep(1e6)
        return True

    fleet.renew_token = for_ever  # type: ignore[method-assign]
    failures: dict[int, tuple[float, Exception]] = {}
    wait_for_all(fleet, fleet.world, list(fleet.ends), failures=failures)
    assert {type(error) for _, error in failures.values()} == {WaitFaultsError}
    assert max(at for at, _ in failures.values()) <= replaced + FAULT_BUDGET + SWEPT + 40


def test_a_connection_that_points_elsewhere_ends_all_waits() -> None:
    fleet = fleet_of(150)
    fleet.refused_from = replaced = fleet.world.now + 100
    fleet.unreadable = lambda now: ConnectionMovedError("elsewhere")
    failures: dict[int, tuple[float, Exception]] = {}
    wait_for_all(fleet, fleet.world, list(fleet.ends), failures=failures)
    assert {type(error) for _, error in failures.values()} == {ConnectionMovedError}
    assert max(at for at, _ in failures.values()) <= replaced + SWEPT


@pytest.mark.parametrize("count", [2, 60, 90, 400])
@pytest.mark.parametrize("where", ["first", "last", "in the middle"])
def test_one_that_is_refused_costs_the_others_a_few_requests(count: int, where: str) -> None:
    fleet = fleet_of(count)
    key = {"first": 1, "last": count, "in the middle": count // 2 + 1}[where]
    fleet.odd = {key}
    failures: dict[int, tuple[float, Exception]] = {}
    # The others have been asked for before.
    heard = wait_for_all(
        fleet,
        fleet.world,
        list(fleet.ends),
        failures=failures,
        joins=lambda one: 50.0 if one == key else 0.0,
    )
    assert {one: type(error) for one, (_, error) in failures.items()} == {key: InvalidRequestError}
    del fleet.ends[key]
    assert max(lateness(fleet, heard)) <= SOON
    if count > 2:
        assert fleet.count("one", fleet.world.now - 500, fleet.world.now - 30) <= 4
    asked = [at for at, way in fleet.requests if at < fleet.world.now - 400]
    assert len(asked) <= 200 / 10 * 1.2 + 40


def test_one_that_can_only_be_asked_for_alone_leaves_the_others_together() -> None:
    class Alone(Fleet):
        def ask_one(self, key: int) -> object:  # type: ignore[override]
            odd, self.odd = self.odd, set()
            try:
                return super().ask_one(key)
            finally:
                self.odd = odd

    plain = fleet_of(90)
    fleet = Alone(plain.world, plain.ends)
    fleet.odd = {7}
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SOON
    rounds = 600 / 10
    assert fleet.count("one") <= rounds + 5
    assert fleet.count("many") <= rounds + 20
