"""What has ended lately, read page by page; and who can rely on it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic

from airflow_provider_dbtsegment.exceptions import RequestError
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.asking import Asker, Way
from airflow_provider_dbtsegment.watching.clock import Clock, Moment
from airflow_provider_dbtsegment.watching.waits import Waits, spread

log = logging.getLogger(__name__)

#: Seconds by which two readings overlap, since what ends may be shown a little later: so many where
#: that costs no further page, fewer where much ends, and more where it turns out to be too few.
OVERLAP = 3.0
LEAST_OVERLAP = 0.5
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
    it. What has ended when is told by the service's clock; all else here by the monotonic one.
    """

    def __init__(
        self,
        source: Source[K, S],
        waits: Waits[K, S],
        asker: Asker[K, S],
        clock: Clock,
    ) -> None:
        self._source = source
        self._waits = waits
        self._asker = asker
        self._clock = clock
        self._began: float | None = None
        #: Up to when it has been read, and from when on to read it next.
        self._mark = self._since = 0.0
        self._least_overlap = LEAST_OVERLAP
        self._floods = 0
        #: How many pages of ends the last reading has brought.
        self._pages = 0.0
        self._due = self._read_at = 0.0
        #: How many requests are under way, or about to be.
        self.lanes = 0
        self._is_held_up = False

    @property
    def is_on(self) -> bool:
        """Whether it is read from time to time."""
        return self._began is not None

    def tend(self, now: Moment, spare: int) -> bool:
        """
        Begin and end it as it is worth it, and return whether it is to be read now.

        :param spare: How many requests may be sent now; it goes before others, who leave it one.
        """
        count, size = len(self._waits), self._source.batch_size
        can = self._asker.can(Way.FEED)
        if self.is_on and (count <= size // 2 or not can):
            self._end(now)
        if not self.is_on and count > size and can:
            self._begin(now.steady)
        if self.next_due <= now.steady:
            self.lanes = 1
            self._is_held_up = True
        if not self._is_held_up or spare < 1:
            return False
        self._is_held_up = False
        return True

    @property
    def next_due(self) -> float:
        """When it is to be read next."""
        return self._due if self.is_on and not self.lanes else math.inf

    def _begin(self, now: float) -> None:
        mark = self._source.server_time()
        if mark is not None:
            self._began, self._read_at = now, now
            self._mark, self._since = mark, mark - OVERLAP
            self._due = now + self._waits.shortest_interval

    def _end(self, now: Moment) -> None:
        """Have everybody looked at by itself again, at the pace that they wish."""
        self._began = None
        for wait in self._waits:
            pause = max(0.0, self._read_at + wait.interval * spread() - now.steady)
            due = wait.patience.next_poll(now, pause)
            if wait.turn and due < wait.due:
                self._waits.schedule(wait, due)

    async def read(
        self,
        work: Callable[[Callable[[], Any]], Awaitable[Any]],
        hear: Callable[[K, S], None],
        spare: Callable[[], int],
    ) -> Exception | None:
        """
        Read what has ended since the last time, and return what went wrong, if anything did.

        :param work: Does something in a thread.
        :param hear: Is told of each end.
        :param spare: Says how many requests may be under way.
        """
        began = self._clock.steady()
        try:
            return await self._read_pages(began, work, hear, spare)
        finally:
            self.lanes = 0
            if self._waits:
                due = began + self._waits.shortest_interval * spread()
                self._due = max(self._clock.steady(), due)

    async def _read_pages(
        self,
        began: float,
        work: Callable[[Callable[[], Any]], Awaitable[Any]],
        hear: Callable[[K, S], None],
        spare: Callable[[], int],
    ) -> Exception | None:
        latest, ends = self._source.server_time(), list[float]()
        # About as many as it costs to ask for everybody.
        most = 2 + 2 * len(self._waits) // self._source.batch_size

        async def read(since: float, until: float | None) -> Exception | bool:
            for page in range(most):
                try:
                    answer = await work(partial(self._asker.feed, since, until, page))
                except RequestError as error:  # no thread, or no answer
                    return error
                if isinstance(answer, Exception):
                    return answer
                states, more = answer
                for key, state in states.items():
                    try:
                        if self._source.ended(state):
                            ends.append(self._source.ended_at(state) or 0.0)
                            hear(key, state)
                    except Exception:  # the sweep finds it, too
                        log.exception("What has ended cannot be read of %r.", key)
                if not more:
                    return True
            return False

        parts = self._parts(latest, spare())
        self.lanes = len(parts)
        for result in await asyncio.gather(*(read(*part) for part in parts)):
            if isinstance(result, Exception):
                # The mark stays where it is: the next reading begins there again.
                return result
            if not result:
                self._was_flooded()
                return None
        self._was_read(began, ends, latest)
        return None

    def _parts(self, latest: float | None, spare: int) -> list[tuple[float, float | None]]:
        """
        Return the times to read: two halves at once where much ends.

        Pages of one time are read one after another. What ends meanwhile comes before them and
        moves them on, so that nothing slips through between two.
        """
        if spare < 2 or latest is None or self._pages < 2 or latest <= self._mark:
            return [(self._since, None)]
        middle = (self._mark + latest) / 2
        return [(middle, None), (self._since, middle)]

    def _was_flooded(self) -> None:
        self._floods += 1
        if self._floods >= MAX_FLOODS:
            self._floods = 0
            self._asker.give_up(Way.FEED, "much has ended that nobody here waits for")
        self._end(self._clock.now())

    def _was_read(self, began: float, ends: Sequence[float], latest: float | None) -> None:
        """
        Take note that it was read to its end.

        :param ends: The times of all ends in it.
        :param latest: The time of the service before that: what claims to be later is not believed.
        """
        fresh = sum(end > self._mark for end in ends)
        seconds = max(began - self._read_at, self._waits.shortest_interval if self._waits else 1.0)
        self._mark = max([self._mark, *(end for end in ends if latest is None or end <= latest)])
        costs_a_page = self._source.batch_size * seconds / max(fresh, 1)
        self._since = self._mark - max(self._least_overlap, min(OVERLAP, costs_a_page))
        self._pages = fresh / self._source.batch_size
        self._read_at, self._floods = began, 0

    def covers(self, looked_at: float | None) -> bool:
        """Return whether it tells of the end of one who was looked at then."""
        return self._began is not None and looked_at is not None and looked_at >= self._began

    def missed(self, ended_at: float | None) -> None:
        """Take note of an end that it has not told, and overlap more if it was read beyond that."""
        if ended_at is not None and ended_at < self._since:
            self._least_overlap = min(LONGEST_OVERLAP, self._least_overlap * 2)

    @property
    def sweep_pause(self) -> float:
        """The seconds between two looks at one whom it tells of."""
        return max(SWEEP, SWEEP_PACE * len(self._waits) / self._source.batch_size)
