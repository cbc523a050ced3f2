"""What is held against what must be."""

from __future__ import annotations

import pytest

from tests.cluster.account import Traffic
from tests.cluster.findings import limit_kept, resumptions, started
from tests.cluster.records import Task


def task(run: str, told: str | None, ended: float | None = None) -> Task:
    return Task(run, "build", "success", 1, told, ended)


TWO = [task("n0", "7"), task("n1", "8")]


@pytest.mark.parametrize(
    ("tasks", "ledger", "is_fine"),
    [
        (TWO, ["8", "7"], True),
        (TWO, ["7", "8", "9"], False),  # one too many
        (TWO, ["7"], False),  # one that a task only believes in
        (TWO, ["7", "9"], False),  # one that no task knows
        ([*TWO[:1], task("n1", "7")], ["7", "8"], False),  # two tasks took the same one
        ([*TWO[:1], task("n1", None)], ["7", "8"], False),  # one was forgotten
    ],
)
def test_each_task_has_started_one_and_nothing_else_was_started(
    tasks: list[Task], ledger: list[str], is_fine: bool
) -> None:
    assert started("runs", tasks, ledger, 2).is_fine is is_fine


@pytest.mark.parametrize(
    ("busiest", "refused", "is_fine"), [(250, 0, True), (251, 0, False), (250, 1, False)]
)
def test_a_limit_is_kept_when_no_minute_has_more_and_nothing_was_refused(
    busiest: int, refused: int, is_fine: bool
) -> None:
    assert limit_kept(Traffic("status", 1000, busiest, 250, refused)).is_fine is is_fine


def test_the_time_to_the_resumption_is_from_the_end_by_the_service() -> None:
    tasks = [task(f"n{n}", str(n), 100.0 + n) for n in range(100)]
    ends = {str(n): 99.0 + n - (n == 50) * 30 for n in range(100)}
    found = {one.what.rpartition(", ")[2]: one.found for one in resumptions(tasks, ends)}
    assert found == {"median": "1.0", "99th percentile": "1.0", "longest": "31.0"}
    assert list(resumptions([task("n0", "7")], {})) == []
