"""The looks of a watcher at those who are due, and what is made of the answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Generic

from airflow_provider_dbtsegment.exceptions import RateLimitedError
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.asking import Asker, Way
from airflow_provider_dbtsegment.watching.chronicle import Chronicle
from airflow_provider_dbtsegment.watching.crew import THREADS, Crew
from airflow_provider_dbtsegment.watching.feed import Feed
from airflow_provider_dbtsegment.watching.meter import Meter
from airflow_provider_dbtsegment.watching.ready import Ready
from airflow_provider_dbtsegment.watching.waits import Wait, Waits, spread

#: Threads, and so connections, that are enough while a service tells of many at once.
THREADS_FOR_MANY = 2


@dataclass
class Looks(Generic[K, S]):
    """
    Looks at those who are due, as many at once as the service takes.

    :param news: Is set when an answer has come, and so others may be asked for.
    """

    source: Source[K, S]
    waits: Waits[K, S]
    feed: Feed[K, S]
    asker: Asker[K, S]
    crew: Crew
    chronicle: Chronicle[K, S]
    meter: Meter
    clock: Callable[[], float]
    news: asyncio.Event
    _ready: Ready[K, S] = field(init=False)
    _under_way: int = 0
    _is_throttled: bool = False

    def __post_init__(self) -> None:
        self._ready = Ready(self.source, self.waits)

    def begin(self, now: float) -> float:
        """Ask for those who are due, and return the seconds until another place is free."""
        for wait in self.waits.pop_due(now):
            if wait.asked_at is None:
                self._ready.add(wait.key, wait.due)
        many = self.asker.can(Way.MANY)
        threads = THREADS_FOR_MANY if many and self.source.tells_ends else THREADS
        while self._ready and self._under_way + self.feed.lanes < threads:
            free_in = self.source.free_in()
            if free_in > 0:
                if not self._is_throttled:
                    self.meter.throttled()
                self._is_throttled = True
                return free_in
            self._is_throttled = False
            most = self.source.batch_size if many else 1
            try:
                keys, only_ended, late = self._ready.choose(
                    now, most, partial(self._only_ended, now)
                )
            except LookupError:
                break
            for _ in range(late):
                self.meter.late()
            self._begin(keys, now, only_ended=only_ended)
        return math.inf

    def spare_lanes(self) -> int:
        """Return how many requests the feed may have under way."""
        return THREADS_FOR_MANY - self._under_way

    def _begin(self, keys: Sequence[K], now: float, *, only_ended: bool) -> None:
        for wait in self._waiting_for(keys):
            self.waits.begin_look(wait, now)
        self._under_way += 1
        self.crew.begin(self._look(keys, only_ended))

    def _waiting_for(self, keys: Sequence[K]) -> Iterator[Wait[K, S]]:
        return chain.from_iterable(self.waits.of(key) for key in keys)

    def _only_ended(self, now: float, key: K) -> bool:
        """Return whether it is enough to hear of one whether it has ended."""
        few = len(self.waits) <= self.source.batch_size
        if few or self.feed.is_on or not self.asker.can(Way.ENDED):
            return False
        since = now - self.feed.sweep_pause
        return all(
            # What is left out of a last look would be missed.
            (wait.looked_at or 0.0) > since and not wait.patience.is_over_at(now)
            for wait in self.waits.of(key)
        )

    async def _look(self, keys: Sequence[K], only_ended: bool) -> None:
        answers: Mapping[K, S | Exception | None]
        try:
            answers = await self.crew.work(partial(self.asker.states, keys, only_ended=only_ended))
        except Exception as error:  # no thread to be had, for one: those who wait must hear of it
            answers = dict.fromkeys(keys, error)
        self._under_way -= 1
        if any(isinstance(answer, RateLimitedError) for answer in answers.values()):
            self.meter.throttled()
        wider = spread()
        for wait in self._waiting_for(keys):
            asked, wait.asked_at = wait.asked_at, None
            if asked is not None and not wait.is_over:
                looked_at = wait.looked_at if only_ended else asked
                self._take(wait, answers[wait.key], asked, looked_at, wider)
        self.news.set()

    def _take(
        self,
        wait: Wait[K, S],
        answer: S | Exception | None,
        asked: float,
        looked_at: float | None,
        wider: float,
    ) -> None:
        """Pass on the answer to a look, and look again later unless it was the last one."""
        now, told_by_feed = self.clock(), self.feed.covers(wait.looked_at)
        self.hear(wait, answer, asked, now)
        if wait.is_over:
            if wait.state is not None and wait.ended and told_by_feed:
                self.feed.missed(self.source.ended_at(wait.state))
            return
        pause = wait.interval
        if not isinstance(answer, Exception):
            wait.looked_at = looked_at
            if self.feed.covers(asked):
                pause = max(pause, self.feed.sweep_pause)
        self.waits.schedule(wait, wait.patience.next_look(now, pause * wider))

    def hear(
        self, wait: Wait[K, S], answer: S | Exception | None, asked: float, now: float
    ) -> None:
        """
        Tell one who waits what the service has said; `None` says that it goes on.

        :param asked: When it was asked.
        """
        try:
            if isinstance(answer, Exception):
                wait.patience.fault(answer, now, asked)
                return
            if answer is not None and not wait.is_over:
                wait.tell(answer, self.source.label(answer), ended=self.source.ended(answer))
            if not wait.ended:
                wait.patience.answered(asked)
                if answer is not None:
                    self.chronicle.hear(wait, answer, now)
            elif answer is not None:
                self._measure(answer)
        except Exception as error:
            wait.end(error)

    def _measure(self, state: S) -> None:
        ended_at, server_time = self.source.ended_at(state), self.source.server_time()
        if ended_at is not None and server_time is not None:
            self.meter.told(max(0.0, server_time - ended_at))
