"""Those who wait, by what they wait for and by when they are to be asked for."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import Generic

from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.source import K, S
from airflow_provider_dbtsegment.watching.clock import Moment

#: Waits that fall due within this share of their interval are asked for together.
GATHER = 0.1
#: Seconds that the first look waits for others, where nobody has looked yet.
FIRST_GATHER = 0.25
#: Seconds that a look which is under way at a deadline still has.
LAST_LOOK = 5.0
#: Seconds by which the wall clock moves against the monotonic one before deadlines are placed anew.
CLOCK_STEP = 0.25


def spread() -> float:
    """Return by what to lengthen an interval, so that many do not stay together."""
    return 1 + random.random() * GATHER  # noqa: S311 - spreads load, protects nothing


class Wait(Generic[K, S]):
    """
    One that waits: what it is still to be told, and when to ask again.

    There are many of them: none keeps a state that it has been told. All its times but those of
    its patience are those of the monotonic clock.
    """

    __slots__ = (
        "asked",
        "began",
        "deadline_at",
        "due",
        "ended",
        "error",
        "interval",
        "is_gone",
        "key",
        "label",
        "looked_at",
        "patience",
        "state",
        "told_at",
        "turn",
        "untold",
        "waiter",
        "words",
    )

    def __init__(self, key: K, interval: float, patience: Patience, now: Moment) -> None:
        self.key = key
        self.interval = interval
        self.patience = patience
        #: When what is waited for began, as far as that is known.
        self.began = patience.begun(now)
        self.deadline_at = patience.deadline_at(now)
        self.due = now.steady
        #: Which entry of the schedule counts; 0 while it is not in it.
        self.turn = 0
        self.is_gone = False
        #: When the look began that is under way, if one is.
        self.asked: Moment | None = None
        #: When the last look began that told how it is doing.
        self.looked_at: float | None = None
        #: The word for the last state.
        self.label: str | None = None
        #: Whether there is something that it has not been told.
        self.untold = False
        self.waiter: asyncio.Future[None] | None = None
        #: What it is to be told, and when that has been done, only the last state of all.
        self.state: S | None = None
        #: How far it is, until it has been told, and when that was found out last.
        self.words: str | None = None
        self.told_at = now.steady
        self.ended = False
        self.error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to hear."""
        return self.ended or self.error is not None

    @property
    def overdue_at(self) -> float | None:
        """From when on the last look comes too late, whatever holds it up."""
        if self.is_over or self.deadline_at == math.inf:
            return None
        latest = self.deadline_at + self.interval + LAST_LOOK
        if self.asked is not None:
            latest = min(latest, max(self.deadline_at, self.asked.steady) + LAST_LOOK)
        return latest

    async def news(self) -> None:
        """Wait until there is something new; what it was told before is forgotten."""
        if not self.untold:
            self.state = self.words = None
            self.waiter = asyncio.get_running_loop().create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None
        self.untold = False

    def tell(self, state: S, label: str, *, ended: bool) -> None:
        """Tell a state, if it is new; the last one stays the last."""
        if self.ended or (label == self.label and not ended):
            return
        self.state, self.label, self.ended = state, label, ended
        self._wake()

    def say(self, text: str | None) -> None:
        """Tell how far it is, if that is known and matters still."""
        if text and not self.is_over:
            self.words = text
            self._wake()

    def end(self, error: Exception) -> None:
        """End the waiting with an error."""
        if not self.ended:
            self.error = error
            self._wake()

    def _wake(self) -> None:
        self.untold = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class Waits(Generic[K, S]):
    """All who wait by one watcher."""

    def __init__(self) -> None:
        self._by_key: dict[K, list[Wait[K, S]]] = {}
        self._intervals: Counter[float] = Counter()
        self._size = 0
        self._turns = itertools.count(1)
        self._due: list[tuple[float, int, Wait[K, S]]] = []
        self._overdue: list[tuple[float, int, Wait[K, S]]] = []
        #: By how much the wall clock is ahead of the monotonic one, as deadlines were placed last.
        self._ahead: float | None = None
        # Watchers of other processes are not to look at the very same moments.
        self._phase = random.random()  # noqa: S311 - spreads load, protects nothing

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Wait[K, S]]:
        return itertools.chain.from_iterable(self._by_key.values())

    def of(self, key: K) -> list[Wait[K, S]]:
        """Return those who wait for the same."""
        return self._by_key.get(key, [])

    @property
    def shortest_interval(self) -> float:
        """The shortest of the intervals."""
        return min(self._intervals)

    def add(self, wait: Wait[K, S]) -> None:
        """Take one up."""
        self._by_key.setdefault(wait.key, []).append(wait)
        self._intervals[wait.interval] += 1
        self._size += 1
        if wait.deadline_at < math.inf:
            self._remind(wait, wait.deadline_at)

    def remove(self, wait: Wait[K, S]) -> None:
        """Let one go."""
        wait.turn, wait.is_gone = 0, True
        self._size -= 1
        together = self._by_key[wait.key]
        together.remove(wait)
        if not together:
            del self._by_key[wait.key]
        self._intervals[wait.interval] -= 1
        if not self._intervals[wait.interval]:
            del self._intervals[wait.interval]

    def follow_clock(self, now: Moment) -> None:
        """Place deadlines anew when the wall clock was set: they are wall-clock times."""
        ahead = now.wall - now.steady
        if self._ahead is not None and abs(ahead - self._ahead) < CLOCK_STEP:
            return
        is_first, self._ahead = self._ahead is None, ahead
        for wait in () if is_first else self:
            earlier, wait.deadline_at = wait.deadline_at, wait.patience.deadline_at(now)
            if wait.deadline_at < earlier:
                self._remind(wait, wait.deadline_at)
                due = wait.patience.next_poll(now, math.inf)
                if wait.turn and due < wait.due:
                    self.schedule(wait, due)

    def schedule_lost(self, now: Moment) -> None:
        """Let those be asked for again who are neither in the schedule nor being asked for."""
        for wait in self:
            if not wait.turn and wait.asked is None and not wait.is_over:
                self.schedule(wait, wait.patience.next_poll(now, wait.interval))

    def schedule(self, wait: Wait[K, S], due: float, gather: float = math.inf) -> None:
        """
        Let one be asked for at a time, or a little later together with others.

        :param gather: The most seconds to wait for others; by default as the interval allows.
        """
        wait.due = due
        wait.turn = next(self._turns)
        if due < wait.deadline_at:
            due = self._gathered(due, min(wait.interval * GATHER, gather))
        heapq.heappush(self._due, (due, wait.turn, wait))

    def _gathered(self, due: float, seconds: float) -> float:
        """Return the next common moment; those of longer intervals are among those of shorter."""
        grid = 2.0 ** math.floor(math.log2(seconds))
        return (math.ceil(due / grid - self._phase) + self._phase) * grid

    def pop_due(self, now: float) -> list[Wait[K, S]]:
        """Return those who are to be asked for by now; each is returned once."""
        popped = []
        while self._due and self._due[0][0] <= now:
            _, turn, wait = heapq.heappop(self._due)
            if wait.turn == turn:
                wait.turn = 0
                popped.append(wait)
        return popped

    @property
    def next_due(self) -> float | None:
        """When somebody is to be asked for next."""
        while self._due and self._due[0][2].turn != self._due[0][1]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def begin_look(self, wait: Wait[K, S], now: Moment) -> None:
        """Take note that one is being asked for."""
        wait.asked = now
        overdue_at = wait.overdue_at
        if overdue_at is not None and overdue_at - now.steady <= wait.interval + LAST_LOOK:
            self._remind(wait, overdue_at)

    def _remind(self, wait: Wait[K, S], at: float) -> None:
        heapq.heappush(self._overdue, (at, next(self._turns), wait))
        if len(self._overdue) > 2 * self._size + 64:
            # Deadlines are days away: those who have gone are not to be kept until then.
            self._overdue = [entry for entry in self._overdue if not entry[2].is_gone]
            heapq.heapify(self._overdue)

    def pop_overdue(self, now: float) -> list[Wait[K, S]]:
        """Return those whose last look ought to be over by now, and is not."""
        popped = []
        while self._overdue and self._overdue[0][0] <= now:
            wait = heapq.heappop(self._overdue)[2]
            overdue_at = None if wait.is_gone else wait.overdue_at
            if overdue_at is not None and overdue_at <= now:
                popped.append(wait)
            elif overdue_at is not None:
                self._remind(wait, overdue_at)
        return popped

    def postpone_overdue(self, wait: Wait[K, S], now: Moment) -> None:
        """Give one the time for its last look from now on."""
        wait.deadline_at = max(wait.deadline_at, now.steady)
        overdue_at = wait.overdue_at
        if overdue_at is not None:
            self._remind(wait, max(overdue_at, now.steady + LAST_LOOK))

    @property
    def next_overdue(self) -> float | None:
        """When somebody's last look ought to be over next."""
        while self._overdue and (self._overdue[0][2].is_gone or self._overdue[0][2].is_over):
            heapq.heappop(self._overdue)
        return self._overdue[0][0] if self._overdue else None
