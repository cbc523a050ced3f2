"""The looks of a watcher at those who are due, and what is made of the answers."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Generic

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    RateLimitedError,
    RequestError,
)
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.asking import Asker, Way
from airflow_provider_dbtsegment.watching.chronicle import Chronicle
from airflow_provider_dbtsegment.watching.clock import Clock, Moment
from airflow_provider_dbtsegment.watching.crew import THREADS, Crew, Pulse
from airflow_provider_dbtsegment.watching.feed import Feed
from airflow_provider_dbtsegment.watching.meter import Meter
from airflow_provider_dbtsegment.watching.ready import Ready
from airflow_provider_dbtsegment.watching.renewal import Renewal
from airflow_provider_dbtsegment.watching.waits import FIRST_GATHER, Wait, Waits, spread

log = logging.getLogger(__name__)

#: Threads, and so connections, that are enough while a service tells of many at once.
THREADS_FOR_MANY = 2
#: Seconds without an answer after which others are polled instead; more than a connection takes.
LONGEST_POLL = 12.0


def poller_fault(error: Exception) -> RequestError:
    """Return a failure of the poller itself as a fault, which a wait survives for a while."""
    if isinstance(error, RequestError):
        return error
    log.error("The poller failed.", exc_info=error)
    return AnswerLostError(f"the poller failed ({error!r})", method="", url="")


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
    renewal: Renewal
    meter: Meter
    clock: Clock
    news: asyncio.Event
    _ready: Ready[K, S] = field(init=False)
    _under_way: int = 0
    _is_throttled: bool = False

    def __post_init__(self) -> None:
        self._ready = Ready(self.source, self.waits)

    def begin(self, now: Moment) -> float:
        """Ask for those who are due, and return the seconds until another place is free."""
        for wait in self.waits.pop_due(now.steady):
            if wait.asked is None:
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
                    now.steady, most, partial(self._only_ended, now)
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

    def _begin(self, keys: Sequence[K], now: Moment, *, only_ended: bool) -> None:
        for wait in self._waiting_for(keys):
            if wait.asked is None:
                self.waits.begin_look(wait, now)
        self._under_way += 1
        self.crew.begin(self._look(keys, now, only_ended=only_ended))

    def _waiting_for(self, keys: Sequence[K]) -> Iterator[Wait[K, S]]:
        return chain.from_iterable(map(list, map(self.waits.of, keys)))

    def _only_ended(self, now: Moment, key: K) -> bool:
        """Return whether it is enough to hear of one whether it has ended."""
        few = len(self.waits) <= self.source.batch_size
        if few or self.feed.is_on or not self.asker.can(Way.ENDED):
            return False
        since = now.steady - self.feed.sweep_pause
        return all(
            # What is left out of a last look would be missed.
            wait.looked_at is not None
            and wait.looked_at > since
            and not wait.patience.is_over_at(now.wall)
            for wait in self.waits.of(key)
        )

    async def _look(self, keys: Sequence[K], asked: Moment, *, only_ended: bool) -> None:
        answers: Mapping[K, S | Exception | None]
        pulse = Pulse(self.clock.steady)
        ask = partial(self.asker.states, keys, only_ended=only_ended, beat=pulse.beat)
        come_late = partial(self._come_late, asked)
        try:
            answers = await self.crew.work(ask, limit=LONGEST_POLL, pulse=pulse, late=come_late)
        except Exception as error:  # no thread, or no answer: that may pass
            answers = dict.fromkeys(keys, poller_fault(error))
        finally:
            self._under_way -= 1
        if any(isinstance(answer, AuthError) for answer in answers.values()):
            self.news.set()
            await self.renewal.read_async(asked.steady)
        if any(isinstance(answer, RateLimitedError) for answer in answers.values()):
            self.meter.throttled()
        wider = spread()
        for wait in self._waiting_for(keys):
            if wait.asked is asked:
                wait.asked = None
                if not wait.is_over:
                    looked_at = wait.looked_at if only_ended else asked.steady
                    try:
                        self._take(wait, answers[wait.key], asked, looked_at, wider)
                    except Exception as error:
                        log.exception("What was answered cannot be passed on.")
                        wait.end(error)
        self.news.set()

    def _come_late(self, asked: Moment, answers: Mapping[K, S | Exception | None]) -> None:
        """Take answers that came when they were not waited for any more; others were polled."""
        for key, answer in answers.items():
            for wait in list(self.waits.of(key)):
                if not isinstance(answer, Exception) and not wait.is_over:
                    self.hear(wait, answer, asked, self.clock.now())
        self.news.set()

    def _take(
        self,
        wait: Wait[K, S],
        answer: S | Exception | None,
        asked: Moment,
        looked_at: float | None,
        wider: float,
    ) -> None:
        """Pass on the answer to a look, and look again later unless it was the last one."""
        now, told_by_feed = self.clock.now(), self.feed.covers(wait.looked_at)
        if isinstance(answer, AuthError):
            answer = self.renewal.verdict(answer, asked.steady)
            if answer is None:
                # With the new token, and soon: there was no answer yet.
                self.waits.schedule(wait, now.steady, FIRST_GATHER)
                return
        self.hear(wait, answer, asked, now)
        if wait.is_over:
            if wait.state is not None and wait.ended and told_by_feed:
                self.feed.missed(self.source.ended_at(wait.state))
            return
        pause = wait.interval
        if not isinstance(answer, Exception):
            wait.looked_at = looked_at
            if self.feed.covers(asked.steady):
                pause = max(pause, self.feed.sweep_pause)
        self.waits.schedule(wait, wait.patience.next_poll(now, pause * wider))

    def hear(
        self, wait: Wait[K, S], answer: S | Exception | None, asked: Moment, now: Moment
    ) -> None:
        """
        Tell one who waits what the service has said; `None` says that it goes on.

        :param asked: When it was asked.
        """
        try:
            if isinstance(answer, Exception):
                wait.patience.fault(answer, now, asked, renewed_at=self.source.renewed_at)
                return
            if answer is not None and not wait.is_over:
                wait.tell(answer, self.source.label(answer), ended=self.source.ended(answer))
            if not wait.ended:
                wait.patience.answered(now, asked)
                if answer is not None:
                    age = self.source.age(answer)
                    wait.began = wait.began if age is None else now.steady - age
                    self.chronicle.hear(wait, answer, now.steady)
            elif answer is not None:
                self._measure(answer)
        except Exception as error:
            wait.end(error)

    def _measure(self, state: S) -> None:
        ended_at, server_time = self.source.ended_at(state), self.source.server_time()
        if ended_at is not None and server_time is not None:
            self.meter.told(max(0.0, server_time - ended_at))
