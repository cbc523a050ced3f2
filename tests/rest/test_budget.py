from __future__ import annotations

from airflow_provider_dbtsegment.rest.budget import Budget, shared_budget


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_any_sixty_seconds_stay_within_the_limit() -> None:
    clock = Clock()
    budget = Budget(20, clock=clock)
    sent: list[float] = []
    for _ in range(100):
        clock.now += budget.reserve()
        sent.append(clock.now)
    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= 20


def test_a_quarter_may_be_spent_at_once() -> None:
    budget = Budget(20, clock=Clock())
    assert [budget.reserve() for _ in range(5)] == [0.0] * 5
    assert budget.reserve() > 0


def test_a_pause_holds_everybody_back_and_ends() -> None:
    clock = Clock()
    budget = Budget(600, clock=clock)
    budget.pause(30)
    assert budget.reserve() >= 30
    clock.now = 60
    assert budget.reserve() == 0.0


def test_everybody_with_the_same_token_shares_a_budget() -> None:
    one = shared_budget("https://a.example", "digest", "x", 10)
    assert shared_budget("https://a.example", "digest", "x", 10) is one
    assert shared_budget("https://a.example", "other", "x", 10) is not one
