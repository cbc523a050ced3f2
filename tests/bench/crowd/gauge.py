"""What waiting costs the process: processor, memory, and how late its event loop is."""

from __future__ import annotations

import asyncio
import gc
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

#: Seconds between two looks at the lag of the event loop.
TICK = 0.01
#: Seconds between two looks at processor and memory.
PAUSE = 0.5


@dataclass(frozen=True)
class Cost:
    """
    What a span of time has cost.

    :param processor: Share of a core.
    :param memory: The most bytes of any moment.
    :param lags: Seconds by which the event loop was late: median, of 99 in a hundred, at most.
    """

    processor: float
    memory: int
    lags: tuple[float, float, float]


class Gauge:
    """Looks at this process as long as its event loop runs."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._used: list[tuple[float, float, int]] = []
        self._lags: list[tuple[float, float]] = []
        self._sampling: asyncio.Task[None] | None = None
        self._tick: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look."""
        gc.collect()
        self._look()
        self._sampling = asyncio.create_task(self._sample())
        self._await_tick()

    def stop(self) -> None:
        """End looking."""
        for work in (self._sampling, self._tick):
            if work is not None:
                work.cancel()
        self._look()

    def cost(self, begin: float, end: float) -> Cost:
        """Return what happened between two times; a busy loop may have looked late."""
        ats = [at for at, _, _ in self._used]
        used = self._used[max(0, bisect_right(ats, begin) - 1) : bisect_left(ats, end) + 1]
        lags = sorted(lag for at, lag in self._lags if begin <= at and at - lag <= end)
        (first, cpu_first, _), (last, cpu_last, _) = used[0], used[-1]
        return Cost(
            processor=(cpu_last - cpu_first) / (last - first),
            memory=max(memory for _, _, memory in used),
            lags=(quantile(lags, 0.5), quantile(lags, 0.99), lags[-1]),
        )

    def _look(self) -> None:
        self._used.append((time.time(), time.process_time(), self._process.memory_info().rss))

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            self._look()

    def _await_tick(self) -> None:
        """Look at the lag at the next tick; a callback costs the process less than a task."""
        loop = asyncio.get_running_loop()
        self._tick = loop.call_later(TICK, self._ticked, loop, loop.time() + TICK)

    def _ticked(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lags.append((time.time(), loop.time() - due))
        self._await_tick()


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of ordered values is."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
