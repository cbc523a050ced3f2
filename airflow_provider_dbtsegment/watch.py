"""
Wait cheaply for many things to end; knows no service and no Airflow.

A `Source` asks a service for the state of things by key, one or many at a time. `wait_blocking`
waits for one of them in the calling thread. A `Watcher` serves all the waits of an event loop that
use one source: they register and await, and it asks for those that are due in as few requests as
possible. Both put up with the same things (`Patience`).

A watcher with many waits asks what has ended since it asked last (the feed): that costs by what
ends, not by what waits. All the while it asks for every single one, slowly (the sweep), so that
what the feed leaves out is not lost. Where a request must wait for its place in the budget, the
source says for whom a look gains most, and now and then it goes to who has waited longest.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, ClassVar, Generic, TypeVar, cast

from airflow_provider_dbtsegment.exceptions import AnswerLostError, RateLimitedError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.progress import PAUSE, Progress
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.asking import Asker
from airflow_provider_dbtsegment.watching.chronicle import Chronicle
from airflow_provider_dbtsegment.watching.crew import HANDS, Crew
from airflow_provider_dbtsegment.watching.feed import Feed
from airflow_provider_dbtsegment.watching.looks import Looks
from airflow_provider_dbtsegment.watching.meter import Meter
from airflow_provider_dbtsegment.watching.waits import FIRST_GATHER, Wait, Waits

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds; a watcher looks after its waits this often at most.
SHORTEST_PAUSE = 0.001


def wait_blocking(
    source: Source[K, S],
    key: K,
    *,
    interval: float,
    patience: Patience,
    on_change: Callable[[str, S], None],
    on_progress: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> S:
    """
    Wait in this thread until something ends, and return its last state.

    :param interval: Seconds between looks.
    :param on_change: Called with the label of a state that differs from the one before, and it.
    :param on_progress: Called now and then with how far it is, in words.
    :raises WaitTimeoutError: When the deadline passes.
    :raises WaitFaultsError: When the service is out of reach for too long.
    :raises RequestError: When a look fails for good (not allowed, not found).
    """
    seen: str | None = None
    progress = Progress(on_progress, clock)
    while True:
        asked = clock()
        try:
            state = source.ask_one(key)
        except Exception as error:
            log.debug("A look failed.", exc_info=True)
            patience.fault(error, clock(), asked)
        else:
            label = source.label(state)
            if label != seen:
                on_change(label, state)
            seen = label
            if source.ended(state):
                return state
            patience.answered(asked)
            # It may take long to be answered, and the look at the deadline must not wait for that.
            if not patience.is_over_at(clock() + PAUSE):
                progress.tell(source, key, state)
        now = clock()
        sleep(max(0.0, patience.next_look(now, interval) - now))


class Watcher(Generic[K, S]):
    """
    Ask for all waits of one event loop that share a source.

    It runs from the first wait to the last, in threads of its own and in a context of its own, so
    that it neither holds up nor logs into the task of anybody who waits. Who enters it (``with``)
    keeps its threads and connections, also between waiting and what is done after it.

    :param source: Whom to ask.
    :param on_close: Called when the last wait has left.
    :param meter: Takes what is to be measured.
    """

    _shared: ClassVar[dict[Hashable, Watcher[Any, Any]]] = {}

    def __init__(
        self,
        source: Source[K, S],
        *,
        clock: Callable[[], float] = time.time,
        on_close: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
    ) -> None:
        self.source = source
        self._clock = clock
        self._on_close = on_close
        self._meter = meter or Meter()
        self._asker = Asker(source, self._meter, clock)
        self._waits: Waits[K, S] = Waits()
        self._feed = Feed(source, self._waits, self._asker, clock)
        self._crew = Crew()
        self._hands = asyncio.Semaphore(HANDS)
        self._news = asyncio.Event()
        self._chronicle = Chronicle(source, self._waits, self._crew, self._news)
        self._looks = Looks(
            source,
            self._waits,
            self._feed,
            self._asker,
            self._crew,
            self._chronicle,
            self._meter,
            clock,
            self._news,
        )
        self._users = 0
        self._wakes_at = 0.0
        self._loop_task: asyncio.Task[None] | None = None

    @classmethod
    def shared(
        cls, key: Hashable, source: Callable[[], Source[K, S]], meter: Meter | None = None
    ) -> Watcher[K, S]:
        """
        Return the watcher of the running event loop for a key; the first call makes it.

        :param key: What all who may be asked for together share: service, host, token.
        """
        whole_key = (id(asyncio.get_running_loop()), key)
        if whole_key not in cls._shared:
            watcher = cls(source(), on_close=lambda: cls._forget(whole_key), meter=meter)
            cls._shared[whole_key] = watcher
        return cast("Watcher[K, S]", cls._shared[whole_key])

    @classmethod
    def _forget(cls, whole_key: Hashable) -> None:
        cls._shared.pop(whole_key, None)

    def __enter__(self) -> None:
        self._users += 1

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            self._close()

    async def work(self, what: Callable[[], T]) -> T:
        """Do something that asks the service in one of its threads, by who has entered it."""
        async with self._hands:
            return await self._crew.work(what)

    async def wait(
        self,
        key: K,
        *,
        interval: float,
        patience: Patience,
        on_change: Callable[[str, S], None],
        on_progress: Callable[[str], None] = lambda text: None,
        at_once: bool = False,
    ) -> S:
        """
        Wait until something ends, and return its last state. Same rules as :func:`wait_blocking`.

        The first look is after an interval, so that those who come together are asked for together.

        :param interval: Seconds between looks: this or a little more, never less.
        :param on_progress: Called now and then with how far it is, in words.
        :param at_once: Whether nobody has looked yet: then the first look is soon.
        """
        now = self._clock()
        wait: Wait[K, S] = Wait(key, interval, patience, now)
        with self:
            self._waits.add(wait)
            if at_once:
                self._waits.schedule(wait, now, FIRST_GATHER)
            else:
                self._waits.schedule(wait, patience.next_look(now, interval))
            self._wake(wait.due)
            seen: str | None = None
            try:
                while True:
                    await wait.news()
                    if wait.label is not None and wait.label != seen:
                        seen = wait.label
                        on_change(seen, cast("S", wait.state))
                    if wait.words is not None:
                        on_progress(wait.words)
                    if wait.ended:
                        return cast("S", wait.state)
                    if wait.error is not None:
                        raise wait.error
            finally:
                self._waits.remove(wait)

    def _wake(self, due: float) -> None:
        """See to it that the loop runs, and does not sleep beyond a time."""
        if self._loop_task is None:
            self._loop_task = self._crew.begin(self._loop())
            self._loop_task.add_done_callback(self._loop_ended)
        elif due < self._wakes_at:
            self._news.set()

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait for answers that nobody asks for: a mistake of ours ends all waits."""
        error = None if task.cancelled() else task.exception()
        if not isinstance(error, Exception):
            return
        # Who comes while others still do something with its threads begins it again.
        self._loop_task = None
        for wait in self._waits:
            wait.end(error)

    def _close(self) -> None:
        self._loop_task = None
        self._on_close()
        self._meter.waits(0)
        self._asker.closed = True
        self._crew.leave(self.source.close)

    async def _loop(self) -> None:
        while True:
            self._news.clear()
            self._meter.waits(len(self._waits))
            now = self._clock()
            for wait in self._waits.pop_overdue(now):
                stuck = AnswerLostError("no answer yet", method="", url="")
                self._looks.hear(wait, stuck, now, now)
            if self._feed.tend(now, self._looks.spare_lanes()):
                self._crew.begin(self._read_feed())
            pause = min(self._feed.next_due - now, self._looks.begin(now))
            pause = min(pause, self._chronicle.tend(now))
            for at in (self._waits.next_due, self._waits.next_overdue):
                pause = pause if at is None else min(pause, at - now)
            self._wakes_at = now + pause
            limit = max(pause, SHORTEST_PAUSE) if math.isfinite(pause) else None
            # Not `wait_for`: in Python 3.11 it forgets a cancellation that comes with news.
            with suppress(TimeoutError):
                async with asyncio.timeout(limit):
                    await self._news.wait()

    async def _read_feed(self) -> None:
        def hear(key: K, state: S) -> None:
            now = self._clock()
            for wait in self._waits.of(key):
                self._looks.hear(wait, state, now, now)

        problem = await self._feed.read(self._crew.work, hear, self._looks.spare_lanes)
        if isinstance(problem, RateLimitedError):
            self._meter.throttled()
        self._news.set()
