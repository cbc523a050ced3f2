"""What has ended lately, read page by page; and who can rely on it."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic

from airflow_provider_dbtsegment.asking import Asker, Way
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.waits import Waits, spread

#: Seconds by which two readings overlap: what ends may be shown a little later.
OVERLAP = 3.0
LONGEST_OVERLAP = 60.0
#: Seconds between two looks at one whom the feed tells of, and at least so many a request.
SWEEP = 60.0
SWEEP_PACE = 0.2
#: After so many readings in a row that found more than is worth reading it is not read for a while.
MAX_FLOODS = 3


class Feed(Generic[K, S]):
    """
    The feed of what has ended, while more wait than can be asked for at once.

    Who was looked at since it is being read can rely on it: whatever ended after that look is in
    it. Its times are those of the service's clock.
    """

    def __init__(
        self,
        source: Source[K, S],
        waits: Waits[K, S],
        asker: Asker[K, S],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._waits = waits
        self._asker = asker
        self._clock = clock
        self._began: float | None = None
        self._mark = 0.0
        self._overlap = OVERLAP
        self._floods = 0
        self._due = self._read_at = 0.0
        self.is_being_read = False

    @property
    def is_on(self) -> bool:
        """Whether it is read from time to time."""
        return self._began is not None

    def tend(self, now: float) -> bool:
        """Begin and end it as it is worth it, and return whether it is to be read now."""
        count, size = len(self._waits), self._source.batch_size
        can = self._asker.can(Way.FEED)
        if self.is_on and (count <= size // 2 or not can):
            self._end(now)
        if not self.is_on and count > size and can:
            self._begin(now)
        if self.next_due > now:
            return False
        self.is_being_read = True
        return True

    @property
    def next_due(self) -> float:
        """When it is to be read next."""
        return self._due if self.is_on and not self.is_being_read else math.inf

    def _begin(self, now: float) -> None:
        mark = self._source.server_time()
        if mark is not None:
            self._began, self._mark, self._read_at = now, mark, now
            self._due = now + self._waits.shortest_interval

    def _end(self, now: float) -> None:
        """Have everybody looked at by itself again, at the pace that they wish."""
        self._began = None
        for wait in self._waits:
            pause = max(0.0, self._read_at + wait.interval * spread() - now)
            due = wait.patience.next_look(now, pause)
            if wait.turn and due < wait.due:
                self._waits.schedule(wait, due)

    async def read(
        self, work: Callable[[Callable[[], Any]], Awaitable[Any]], hear: Callable[[K, S], None]
    ) -> Exception | None:
        """
        Read what has ended since the last time, and return what went wrong, if anything did.

        :param work: Does something in a thread.
        :param hear: Is told of each end.
        """
        try:
            return await self._read_pages(work, hear)
        finally:
            self.is_being_read = False
            if self._waits:
                self._due = self._clock() + self._waits.shortest_interval * spread()

    async def _read_pages(
        self, work: Callable[[Callable[[], Any]], Awaitable[Any]], hear: Callable[[K, S], None]
    ) -> Exception | None:
        since, mark = self._mark - self._overlap, self._source.server_time()
        read_at = self._clock()
        # About as many as it costs to ask for everybody.
        for page in range(2 + 2 * len(self._waits) // self._source.batch_size):
            answer = await work(partial(self._asker.feed, since, page))
            if isinstance(answer, Exception):
                # The mark stays where it is: the next reading begins there again.
                return answer
            states, more = answer
            for key, state in states.items():
                if self._source.ended(state):
                    hear(key, state)
            if not more:
                self._mark, self._read_at = max(self._mark, mark or 0.0), read_at
                self._floods = 0
                return None
        self._floods += 1
        if self._floods >= MAX_FLOODS:
            self._floods = 0
            self._asker.give_up(Way.FEED, "much has ended that nobody here waits for")
        self._end(self._clock())
        return None

    def covers(self, looked_at: float | None) -> bool:
        """Return whether it tells of the end of one who was looked at then."""
        return self._began is not None and looked_at is not None and looked_at >= self._began

    def missed(self, ended_at: float | None) -> None:
        """Take note of an end that it has not told, and overlap more if it was read beyond that."""
        if ended_at is not None and ended_at < self._mark - self._overlap:
            self._overlap = min(LONGEST_OVERLAP, self._overlap * 2)

    @property
    def sweep_pause(self) -> float:
        """The seconds between two looks at one whom it tells of."""
        return max(SWEEP, SWEEP_PACE * len(self._waits) / self._source.batch_size)
