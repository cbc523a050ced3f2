"""What waiting costs follows what ends, not what waits; and nothing is lost by that."""

from __future__ import annotations

import itertools
import logging
import random

import pytest

from airflow_provider_dbtsegment.exceptions import DbtSegmentError, WaitTimeoutError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.watching import feed
from tests.watching.fleet import Counting, Fleet, busy, down, new_world, wait_for_all

#: The latest that a feed read every ten seconds tells of an end: twice a tenth more, and latency.
SOON = 10 * 1.2 + 1
#: The latest that the sweep tells of it.
SWEPT = feed.SWEEP * 1.2 + 10 + 1


def fleet_of(count: int, *, steady: float = 300.0, last: float = 600.0) -> Fleet:
    """Return runs that all go on for a while, and then end one after another."""
    world = new_world()
    begin, seconds = world.now + steady, last - steady
    return Fleet(world, {key: begin + seconds * key / count for key in range(1, count + 1)})


def lateness(fleet: Fleet, heard: dict[int, float]) -> list[float]:
    assert set(heard) == set(fleet.ends)
    late = [heard[key] - fleet.ends[key] for key in heard]
    assert min(late) >= 0, "heard of an end that had not come"
    return late


@pytest.mark.parametrize("count", [1000, 5000])
def test_many_waits_cost_a_slow_sweep_and_a_feed(count: int) -> None:
    fleet = fleet_of(count)
    world = fleet.world
    began, meter = world.now, Counting()
    late = lateness(fleet, wait_for_all(fleet, world, list(fleet.ends), meter=meter))
    assert max(late) <= SOON
    steady = (began + 100, began + 300)
    assert fleet.count("feed", *steady) <= 200 / 10
    # A request for each hundred in a minute, and some that are not full.
    assert fleet.count("many", *steady) <= 200 / 60 * (count / 100) * 1.3 + 4
    # The last one is asked for alone.
    assert fleet.count("one") <= 4
    assert fleet.count("ended") == 0
    assert meter.requests == len(fleet.requests)
    assert len(meter.seconds) == count
    assert max(meter.seconds) <= SOON
    assert meter.most == count
    assert meter.throttles == 0


def test_few_waits_are_asked_for_in_one_request_each_time() -> None:
    fleet = fleet_of(100)
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SOON
    assert fleet.count("feed") == 0
    assert fleet.count("one") <= 4
    assert fleet.count("many") <= 600 / 10 + 3


def test_nobody_is_looked_at_more_often_than_he_wishes() -> None:
    fleet = fleet_of(300)
    wait_for_all(fleet, fleet.world, list(fleet.ends), interval=20.0)
    pauses = [b - a for looks in fleet.looks.values() for a, b in itertools.pairwise(looks)]
    assert min(pauses) >= 20


def test_what_the_feed_shows_late_is_found_by_the_sweep_and_then_by_the_feed() -> None:
    fleet = fleet_of(1000)
    fleet.shown_after = dict.fromkeys(fleet.ends, 14.0)
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends))
    late = lateness(fleet, heard)
    assert max(late) <= SWEPT
    # It learns from that to look further back.
    by_end = sorted(heard, key=lambda key: fleet.ends[key])
    last_third = [heard[key] - fleet.ends[key] for key in by_end[len(by_end) * 2 // 3 :]]
    assert max(last_third) <= SOON + 14


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_the_clock_of_the_service_may_be_off(ahead: float) -> None:
    fleet = fleet_of(500)
    fleet.ahead = ahead
    assert max(lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))) <= SOON


@pytest.mark.parametrize("trouble", [down, busy])
def test_ends_while_the_service_is_out_of_reach_are_heard_afterwards(trouble: object) -> None:
    fleet = fleet_of(500)
    begin = fleet.world.now
    fleet.broken = trouble(begin + 350, begin + 450)  # type: ignore[operator]
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends))
    for key, at in heard.items():
        assert at <= max(fleet.ends[key], begin + 450) + SOON + 1


def test_who_joins_later_or_has_ended_before_is_heard_of_like_everybody() -> None:
    fleet = fleet_of(600, steady=-100)
    begin = fleet.world.now
    heard = wait_for_all(fleet, fleet.world, list(fleet.ends), joins=lambda key: key % 400)
    assert set(heard) == set(fleet.ends)
    for key, at in heard.items():
        assert at <= max(fleet.ends[key], begin + key % 400) + SOON


def test_a_deadline_is_kept_though_the_sweep_is_slower() -> None:
    fleet = fleet_of(300)
    began = fleet.world.now

    def patience(now: float) -> Patience:
        return Patience(began + 97, now)

    with pytest.raises(WaitTimeoutError):
        wait_for_all(fleet, fleet.world, list(fleet.ends), patience=patience)
    assert 97 <= fleet.world.now - began <= 97 + 1
    assert all(looks[-1] >= began + 97 for looks in fleet.looks.values())


@pytest.mark.parametrize(
    ("refuses", "way"),
    [({"feed"}, "ended"), ({"feed", "ended"}, "many"), ({"feed", "ended", "many"}, "one")],
)
def test_what_is_refused_is_done_without_and_said_once(
    refuses: set[str], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = fleet_of(300, steady=100, last=200)
    fleet.refuses = refuses
    with caplog.at_level(logging.WARNING):
        late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends), interval=20.0))
    # One after another takes its time.
    assert max(late) <= 20 * 1.2 + (300 * 0.08 if way == "one" else 1)
    counts = {kind: fleet.count(kind) for kind in ("feed", "ended", "many", "one")}
    assert max(counts, key=lambda kind: counts[kind]) == way
    # Of two requests at once each is refused, and what two keys alone are asked for.
    assert all(counts[kind] <= 2 * 3 for kind in refuses)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == len(set(told)) == len(refuses)


def test_an_account_where_much_else_ends_is_asked_otherwise() -> None:
    fleet = fleet_of(300)
    begin = fleet.world.now
    mine = list(fleet.ends)
    fleet.ends |= {key: begin + key / 200 for key in range(1000, 1000 + 200 * 700)}
    heard = wait_for_all(fleet, fleet.world, mine)
    assert max(heard[key] - fleet.ends[key] for key in mine) <= SOON
    assert fleet.count("ended") > fleet.count("feed")


def test_a_burst_of_ends_is_heard_at_once() -> None:
    fleet = fleet_of(5000, steady=300, last=301)
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SOON + 50 * 0.08


def test_ends_that_come_quickly_are_heard_quickly() -> None:
    fleet = fleet_of(10_000, steady=120, last=150)
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends), interval=2.0))
    assert max(late) <= 3.5


def test_an_end_that_claims_to_be_later_does_not_hide_the_others() -> None:
    fleet = fleet_of(500)
    fleet.claims[7] = fleet.ends[7] + 3000
    late = lateness(fleet, wait_for_all(fleet, fleet.world, list(fleet.ends)))
    assert max(late) <= SOON


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_whatever_goes_wrong(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    fleet = fleet_of(250, steady=50, last=400)
    begin = fleet.world.now
    fleet.shown_after = {key: chance.choice((0, 0, 2, 30, 1e9)) for key in fleet.ends}
    fleet.ahead = chance.choice((0.0, 100.0, -100.0))
    wrong = {int(begin + at) // 5 for at in range(0, 700, 5) if chance.random() < 0.3}
    fleet.broken = lambda now: down(0, 1e12)(now) if int(now) // 5 in wrong else None
    try:
        heard = wait_for_all(
            fleet, fleet.world, list(fleet.ends), joins=lambda key: chance.random() * 200
        )
    except DbtSegmentError as error:
        pytest.fail(f"gave up a healthy wait: {error}")
    assert max(heard[key] - max(fleet.ends[key], begin + 200) for key in heard) <= 3 * SWEPT
