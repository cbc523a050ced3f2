"""The policy beside a simulated destination of which it is known what becomes of each row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from airflow_provider_dbtsegment.segment.sync_history import MAX_HISTORY, History
from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy, Verdict
from tests.segment.syncs import sync

POLICIES = [
    SyncPolicy("accept"),
    SyncPolicy("warn", "10%"),
    SyncPolicy("accept", 0.5),
    SyncPolicy("accept", 6),
    SyncPolicy("accept", "20%, at most 9"),
]


@dataclass(frozen=True)
class Day:
    """
    What happens to the rows before a sync, and to the sync.

    :param good: New rows that the destination takes.
    :param bad: New rows that it rejects.
    :param updated: Delivered rows that change.
    :param corrected: Rejected rows that become good.
    :param end: ``whole``, or what keeps the sync from sending all rows.
    :param retries: How often Airflow starts another sync if the task fails.
    """

    good: int = 0
    bad: int = 0
    updated: int = 0
    corrected: int = 0
    alive: bool = True
    end: str = "whole"
    retries: int = 0


@dataclass
class Mapping:
    """A mapping, its rows and its syncs: rows that were rejected are sent again."""

    policy: SyncPolicy
    limit: int = MAX_HISTORY
    good: dict[int, bool] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    syncs: list[Any] = field(default_factory=list)
    #: Those that the last sync that passed has rejected.
    known: frozenset[int] = frozenset()
    delivered_since: int = 0

    def change(self, day: Day) -> None:
        """Change the rows in the warehouse."""
        for is_good in [True] * day.good + [False] * day.bad:
            self.good[len(self.good)] = is_good
            self.waiting.append(len(self.good) - 1)
        for row in self.delivered[: day.updated]:
            self.delivered.remove(row)
            self.waiting.append(row)
        for row in [one for one in self.waiting if not self.good[one]][: day.corrected]:
            self.good[row] = True

    @property
    def has_new_rows(self) -> bool:
        """Whether there is anything to deliver that was not rejected by a sync that passed."""
        return not self.known.issuperset(self.waiting)

    def run(self, day: Day) -> Verdict:
        """Run a sync, and judge it."""
        there, number = len(self.waiting), len(self.syncs)
        sent = {"whole": there, "not extracted": 0}.get(day.end, there // 2)
        delivered = [row for row in self.waiting[:sent] if day.alive and self.good[row]]
        self.waiting = [row for row in self.waiting if row not in delivered]
        self.delivered += delivered
        one = sync(number, len(delivered), sent - len(delivered))
        one["extractPhase"]["extractCount"] = str(there)
        if day.end == "not extracted":
            one |= {"syncStatus": "FAIL", "extractPhase": {"errorCode": "QUERY_FAILED"}}
        elif day.end == "cancelled" or sent < there:
            one["syncStatus"] = "CANCELLED" if day.end == "cancelled" else "FAIL"
        self.syncs.append(one)
        newest = list(reversed(self.syncs))[: self.limit]
        verdict = self.policy.judge(one, lambda: History.before(one, newest, self.limit))
        self.delivered_since += len(delivered)
        return verdict

    def passed(self) -> None:
        self.known, self.delivered_since = frozenset(self.waiting), 0


CHANGES = st.builds(
    Day,
    good=st.integers(0, 6),
    bad=st.integers(0, 3),
    updated=st.integers(0, 3),
    corrected=st.integers(0, 2),
    alive=st.sampled_from([True, True, False]),
    retries=st.integers(0, 2),
)
QUIET = st.builds(Day, alive=st.booleans(), retries=st.integers(0, 2))
BROKEN = st.builds(
    Day,
    good=st.integers(0, 6),
    alive=st.booleans(),
    end=st.sampled_from(["not extracted", "cancelled", "stopped"]),
    retries=st.integers(0, 2),
)
DAYS = st.lists(st.one_of(CHANGES, QUIET, BROKEN), min_size=1, max_size=25)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(POLICIES), DAYS)
def test_no_day_passes_on_which_a_dead_destination_was_to_get_anything_new(
    policy: SyncPolicy, days: list[Day]
) -> None:
    mapping = Mapping(policy)
    for day in days:
        mapping.change(day)
        for _ in range(1 + day.retries):
            has_new_rows, tried = mapping.has_new_rows, bool(mapping.waiting)
            verdict = mapping.run(day)
            if day.end == "whole" and tried:
                assert not (verdict.passes and has_new_rows and not day.alive), verdict
            if verdict.passes:
                mapping.passed()
                event("passed" if day.alive else "passed without new rows")
                break
            event("failed")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(POLICIES), DAYS, st.integers(1, 12), st.sampled_from([4, 10, MAX_HISTORY]))
def test_no_unchanged_day_fails_after_one_that_passed(
    policy: SyncPolicy, days: list[Day], unchanged: int, limit: int
) -> None:
    mapping = Mapping(policy, limit)
    for day in days:
        mapping.change(day)
        passed = mapping.run(day).passes
    if not passed:
        return
    event("had known rows" if mapping.waiting else "had none")
    for _ in range(unchanged):
        verdict = mapping.run(Day())
        assert verdict.passes, verdict


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(POLICIES), DAYS, st.integers(1, 5))
def test_no_retry_passes_while_nothing_has_changed(
    policy: SyncPolicy, days: list[Day], retries: int
) -> None:
    mapping = Mapping(policy)
    for day in days:
        mapping.change(day)
        passed = mapping.run(day).passes
    # What was not sent, or to nobody, was not tried before.
    if passed or day.end != "whole" or not day.alive:
        return
    for _ in range(retries):
        verdict = mapping.run(Day())
        assert not verdict.passes, verdict


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(POLICIES), st.lists(st.one_of(CHANGES, QUIET), min_size=1, max_size=25))
def test_new_rows_are_counted_as_they_are_while_none_is_corrected(
    policy: SyncPolicy, days: list[Day]
) -> None:
    mapping = Mapping(policy)
    for day in days:
        mapping.change(replace(day, corrected=0))
        verdict = mapping.run(day)
        if verdict.new_rows is not None:
            rejected = len(set(mapping.waiting) - mapping.known)
            assert verdict.new_rejected == rejected
            assert verdict.new_rows == rejected + mapping.delivered_since
        if verdict.passes:
            mapping.passed()


def naive(mapping: Mapping) -> bool:
    """Judge by the preceding sync alone, whatever became of it."""
    *_, before, last = [(0, 0), *((_counts(one)) for one in mapping.syncs)]
    known = before[1]
    return last[0] > 0 or sum(last) <= known


def _counts(one: Any) -> tuple[int, int]:
    load = one["loadPhase"]
    return int(load["deliverSuccessCount"]), int(load["deliverFailureCount"])


def test_the_simulation_tells_a_policy_that_only_looks_at_the_preceding_sync() -> None:
    mapping = Mapping(SyncPolicy("accept"))
    mapping.change(Day(good=3))
    for expected in (False, True):
        verdict = mapping.run(Day(alive=False))
        assert mapping.has_new_rows
        assert naive(mapping) is expected, "it takes the rows of the first try for known"
        assert not verdict.passes


@pytest.mark.parametrize("end", ["cancelled", "stopped"])
def test_a_sync_that_was_broken_off_makes_nothing_known(end: str) -> None:
    mapping = Mapping(SyncPolicy("accept"))
    for day in (Day(good=8, bad=4), Day(good=4, alive=False, end=end), Day(alive=False)):
        mapping.change(day)
        verdict = mapping.run(day)
    assert not verdict.passes
