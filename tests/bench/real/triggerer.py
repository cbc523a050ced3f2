"""What the two processes of a triggerer cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.real.bed import Bed

TRIGGER_LOGS = "*.trigger.*.log"


@dataclass(frozen=True)
class Cost:
    """
    The means over a window, in which each task was looked at several times.

    :param runner: Share of a core of the process that runs the triggers, in percent.
    :param supervisor: That of the process above it, which talks to the database and writes logs.
    :param requests: Requests a second.
    :param lines: Lines of the triggers' logs a second.
    :param memory: Of the runner, in MB.
    """

    runner: float
    supervisor: float
    requests: float
    lines: float
    memory: float


def watch_triggerer(bed: Bed, seconds: float) -> Cost:
    """Watch the triggerer for a while."""
    supervisor = psutil.Process(bed.airflow.components["triggerer"].pid)
    (runner,) = supervisor.children()
    meters: list[Callable[[], float]] = [
        lambda: 100 * _processor(runner),
        lambda: 100 * _processor(supervisor),
        lambda: float(bed.service.counts()["requests"]),
        lambda: float(_lines(bed.task_logs)),
    ]
    before, began = [meter() for meter in meters], time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - began
    rates = [(meter() - first) / lasted for meter, first in zip(meters, before, strict=True)]
    memory = float(runner.memory_info().rss) / 1e6
    return Cost(rates[0], rates[1], requests=rates[2], lines=rates[3], memory=memory)


def looked_at(bed: Bed, dag_id: str) -> int:
    """Return how many tasks of a DAG have been looked at: their logs say more than a beginning."""
    folder = bed.task_logs / f"dag_id={dag_id}"
    return sum(log.read_bytes().count(b"\n") > 1 for log in folder.rglob(TRIGGER_LOGS))


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _lines(folder: Path) -> int:
    return sum(log.read_bytes().count(b"\n") for log in folder.rglob(TRIGGER_LOGS))
