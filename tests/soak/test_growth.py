"""What grows is found, and what comes and goes is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.soak.growth import growth
from tests.soak.vitals import Vitals, vitals_of

HOUR, LOOKS = 3600.0, 15.0
MB = 1_000_000


def hour(memory: Callable[[float], float], handles: Callable[[float], float]) -> list[Vitals]:
    """Return what was looked at in an hour, by functions of the part of it that has passed."""
    return [
        Vitals("worker-1", at, 5, int(memory(at / HOUR) * MB), int(handles(at / HOUR)), 12)
        for at in (LOOKS * n for n in range(int(HOUR / LOOKS) + 1))
    ]


@pytest.mark.parametrize(
    ("memory", "handles", "wrong"),
    [
        (lambda part: 500, lambda part: 40, []),
        (lambda part: min(500, 5000 * part), lambda part: 40, []),  # it warms up
        (lambda part: 500 + 50 * part, lambda part: 40, ["worker-1: memory"]),
        (lambda part: 500, lambda part: 40 + 6 * part, ["worker-1: file handles"]),
        (lambda part: 500 + 5000 * (part == 0.5), lambda part: 40 + 90 * (part == 0.9), []),
        (lambda part: 500 - 100 * part, lambda part: 40 - 10 * part, []),
    ],
)
def test_what_grows_after_the_warming_up_is_found(
    memory: Callable[[float], float], handles: Callable[[float], float], wrong: list[str]
) -> None:
    found = list(growth(hour(memory, handles), HOUR))
    assert len(found) == 4
    assert [finding.what for finding in found if not finding.is_fine] == wrong


def test_the_trend_is_that_of_the_second_half() -> None:
    found = growth(hour(lambda part: 500 + 30 * max(part, 0.5), lambda part: 40), HOUR)
    assert [one.found for one in found if "trend" in one.what] == ["+30.0 MB an hour"]


def test_nothing_is_believed_of_a_service_that_was_not_looked_at_to_the_end() -> None:
    early = [one for one in hour(lambda part: 500, lambda part: 40) if one.at < HOUR / 2]
    assert [finding.is_fine for finding in growth(early, HOUR)] == [False] * 3


def test_processes_are_measured_that_stay() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        alone = vitals_of("one", 0.0, [os.getpid()], stays=0.0)
        both = vitals_of("one", 0.0, [os.getpid(), child.pid], stays=0.0)
        assert (alone.processes, both.processes) == (1, 2)
        assert alone.memory > 10 * MB
        assert both.threads == alone.threads + 1
        assert both.handles >= alone.handles + 3
        assert vitals_of("one", 0.0, [os.getpid(), child.pid], stays=3600.0).processes < 2
    finally:
        child.communicate(b"\n")
    assert vitals_of("one", 0.0, [child.pid], stays=0.0).processes == 0
