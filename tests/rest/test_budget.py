from __future__ import annotations

import random
from bisect import bisect_left

import pytest

from airflow_provider_dbtsegment.rest.budget import Budget, shared_budget
from airflow_provider_dbtsegment.rest.headers import window


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def most_in_a_minute(times: list[float]) -> int:
    return max(bisect_left(times, start + 60) - at for at, start in enumerate(times))


def spend(budget: Budget, clock: Clock, seconds: float) -> list[float]:
    """Send as much as the budget allows, and return when."""
    sent: list[float] = []
    until = clock.now + seconds
    while clock.now < until:
        clock.now += budget.reserve()
        sent.append(clock.now)
    return sent


@pytest.mark.parametrize("limit", [10, 20, 250, 5000])
def test_any_sixty_seconds_stay_within_the_limit_and_use_most_of_it(limit: int) -> None:
    clock = Clock()
    sent = spend(Budget(limit, clock=clock), clock, 300)
    assert most_in_a_minute(sent) <= limit
    assert len(sent) >= 5 * limit * (0.7 if limit <= 20 else 0.95)


def test_a_part_may_be_spent_at_once() -> None:
    few, many = Budget(20, clock=Clock()), Budget(250, clock=Clock())
    assert [few.reserve() for _ in range(5)] == [0.0] * 5
    assert few.reserve() > 0
    assert [many.reserve() for _ in range(10)] == [0.0] * 10
    assert many.reserve() > 0


def test_looking_takes_nothing() -> None:
    budget = Budget(20, clock=Clock())
    assert [budget.free_in() for _ in range(50)] == [0.0] * 50
    for _ in range(5):
        budget.reserve()
    assert 0 < budget.free_in() == budget.free_in() <= 4


def test_a_pause_holds_everybody_back_and_ends() -> None:
    clock = Clock()
    budget = Budget(600, clock=clock)
    budget.told(remaining=0, resets_in=30)
    assert budget.reserve() >= 30
    clock.now = 60
    assert budget.reserve() == 0.0


def test_several_processes_with_a_share_each_stay_within_the_limit_together() -> None:
    clocks = [Clock(), Clock()]
    sent: list[float] = []
    for clock in clocks:
        sent += spend(Budget(250, share=0.5, clock=clock), clock, 300)
    assert most_in_a_minute(sorted(sent)) <= 250


def test_a_refusal_halves_the_pace_once_and_it_comes_back() -> None:
    clock = Clock()
    budget = Budget(1000, clock=clock)
    for _ in range(4):
        budget.refused(5)  # what was under way already is refused, too
    assert budget.per_minute == 500
    assert budget.free_in() >= 5
    clock.now = 20
    budget.refused(5)
    assert 250 <= budget.per_minute <= 270
    clock.now += 60
    assert 340 <= budget.per_minute <= 380
    clock.now += 20 * 60
    assert budget.per_minute == 1000


def test_processes_that_know_nothing_of_each_other_find_a_pace_without_refusals() -> None:
    """Three of them use one token without a share: refusals become few."""
    chance = random.Random(1)  # noqa: S311 - a test that can be repeated
    limit, refused, sent = 300, [0] * 20, [0] * 20
    clock = Clock()
    budgets = [Budget(limit, clock=clock) for _ in range(3)]
    due = [0.0, 0.0, 0.0]
    used = 0
    window_of = -1
    while clock.now < 20 * 60 - 1:
        who = min(range(3), key=lambda one: due[one])
        clock.now = max(clock.now, due[who])
        seconds = budgets[who].free_in()
        if seconds > 0:
            due[who] = clock.now + seconds + 0.01 + chance.random() * 0.01
            continue
        budgets[who].reserve()
        minute = int(clock.now // 60)
        used, window_of = (used, window_of) if minute == window_of else (0, minute)
        used += 1
        if used > limit:
            refused[minute] += 1
            budgets[who].refused(60 - clock.now % 60)
        else:
            sent[minute] += 1
            budgets[who].told(limit - used, 60 - clock.now % 60)
    assert sum(refused[1:]) <= 3 * 19
    assert sum(sent[1:]) >= 0.7 * limit * 19


def test_what_the_service_says_is_left_goes_first() -> None:
    clock = Clock()
    budget = Budget(5000, clock=clock)
    budget.told(remaining=30, resets_in=30)
    assert len(spend(budget, clock, 29)) <= 61
    clock.now = 31
    assert len(spend(budget, clock, 10)) >= 500
    budget.told(remaining=0, resets_in=20)
    assert budget.free_in() >= 20


def test_headers_tell_what_is_left() -> None:
    headers = {
        "X-RateLimit-Remaining": "12",
        "X-RateLimit-Reset": "Wed, 21 Oct 2026 07:28:30 GMT",
        "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
    }
    assert window(headers) == (12, 30)
    assert window({**headers, "X-RateLimit-Reset": "Wed, 21 Oct 2026 07:27:00 GMT"}) == (12, 0)
    for odd in ({"X-RateLimit-Remaining": "many"}, {"X-RateLimit-Remaining": "nan"}):
        assert window({**headers, **odd}) is None
    assert window({}) is None


def test_everybody_with_the_same_token_shares_a_budget() -> None:
    one = shared_budget("https://a.example", "digest", "x", 10)
    assert shared_budget("https://a.example", "digest", "x", 10) is one
    assert shared_budget("https://a.example", "other", "x", 10) is not one
