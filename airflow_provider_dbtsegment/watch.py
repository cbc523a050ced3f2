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
import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar, cast

from airflow_provider_dbtsegment.exceptions import AnswerLostError, AuthError, RateLimitedError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.progress import PAUSE, Progress
from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.asking import Asker
from airflow_provider_dbtsegment.watching.chronicle import Chronicle
from airflow_provider_dbtsegment.watching.clock import Clock, Moment
from airflow_provider_dbtsegment.watching.crew import HANDS, LONGEST_CALL, Crew
from airflow_provider_dbtsegment.watching.feed import Feed
from airflow_provider_dbtsegment.watching.looks import LONGEST_POLL, Looks, poller_fault
from airflow_provider_dbtsegment.watching.meter import Meter
from airflow_provider_dbtsegment.watching.renewal import Renewal
from airflow_provider_dbtsegment.watching.waits import FIRST_GATHER, LAST_LOOK, Wait, Waits

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds; a watcher looks after its waits this often at most.
SHORTEST_PAUSE = 0.001
#: Seconds after which it looks at the latest: the wall clock may have been set meanwhile.
LONGEST_PAUSE = LAST_LOOK
#: Seconds by which it wakes up too late when the process was stopped, or its event loop blocked.
STOOD_STILL = 1.0
#: Seconds after which the poll loop begins again when a bug has ended it; each time twice as many,
#: up to so many.
RESTART_PAUSE = 1.0
LONGEST_RESTART_PAUSE = 60.0


def wait_blocking(
    source: Source[K, S],
    key: K,
    *,
    interval: float,
    patience: Patience,
    on_change: Callable[[str, S], None],
    on_progress: Callable[[str], None] = lambda text: None,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> S:
    """
    Wait in this thread until something ends, and return its last state.

    :param interval: Seconds between looks.
    :param on_change: Called with the label of a state that differs from the one before, and it.
    :param on_progress: Called now and then with how far it is, in words.
    :param clock: Returns the seconds since the epoch, for the deadline.
    :param monotonic: Returns the seconds of a clock that never jumps, for all else.
    :raises WaitTimeoutError: When the deadline passes.
    :raises WaitFaultsError: When the service is out of reach for too long.
    :raises RequestError: When a look fails for good (not allowed, not found).
    :raises ConnectionMovedError: When the token was refused, and the connection now points to
        another service or account.
    """
    seen: str | None = None
    time_of = Clock(clock, monotonic)
    progress = Progress(on_progress, monotonic)
    renewal = Renewal(source, time_of)
    patience.begun(time_of.now())
    while True:
        asked = time_of.now()
        try:
            state = source.ask_one(key)
        except Exception as error:
            log.debug("A look failed.", exc_info=True)
            fault = renewal.meaning(error, asked.steady)
            if fault is None:
                continue
            patience.fault(fault, time_of.now(), asked, renewed_at=source.renewed_at)
        else:
            label = source.label(state)
            if label != seen:
                on_change(label, state)
            seen = label
            if source.ended(state):
                return state
            now = time_of.now()
            patience.answered(now, asked)
            # It may take long to be answered, and the look at the deadline must not wait for that.
            if not patience.is_over_at(now.wall + PAUSE):
                progress.tell(source, key, state)
        now = time_of.now()
        sleep(max(0.0, patience.next_poll(now, interval) - now.steady))


class Watcher(Generic[K, S]):
    """
    Ask for all waits of one event loop that share a source.

    It runs from the first wait to the last, in threads of its own and in a context of its own, so
    that it neither holds up nor logs into the task of anybody who waits. Who enters it (``with``)
    keeps its threads and connections, also between waiting and what is done after it.

    :param source: Whom to ask.
    :param clock: Returns the seconds since the epoch, for deadlines.
    :param renew: Reads the source's token again, and returns whether it has changed.
    :param on_close: Called when the last wait has left.
    :param meter: Takes what is to be measured.
    """

    _shared: ClassVar[dict[Hashable, Watcher[Any, Any]]] = {}

    def __init__(
        self,
        source: Source[K, S],
        *,
        clock: Callable[[], float] = time.time,
        renew: Callable[[], Awaitable[bool]] | None = None,
        on_close: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
    ) -> None:
        self.source = source
        # Intervals are those of the event loop's own clock, which is monotonic.
        self._clock = Clock(clock, _steady_clock())
        self._on_close = on_close
        self._meter = meter or Meter()
        self._asker = Asker(source, self._meter, self._clock.steady)
        self._waits: Waits[K, S] = Waits()
        self._feed = Feed(source, self._waits, self._asker, self._clock)
        self._crew = Crew()
        self._hands = asyncio.Semaphore(HANDS)
        self._news = asyncio.Event()
        self._chronicle = Chronicle(source, self._waits, self._crew, self._news)
        self._renewal = Renewal(source, self._clock, renew)
        self._looks = Looks(
            source,
            self._waits,
            self._feed,
            self._asker,
            self._crew,
            self._chronicle,
            self._renewal,
            self._meter,
            self._clock,
            self._news,
        )
        self._users = 0
        self._wakes_at = 0.0
        self._loop_task: asyncio.Task[None] | None = None

    @classmethod
    def shared(
        cls,
        key: Hashable,
        source: Callable[[], Source[K, S]],
        meter: Meter | None = None,
        renew: Callable[[Source[K, S]], Awaitable[bool]] | None = None,
    ) -> Watcher[K, S]:
        """
        Return the watcher of the running event loop for a key; the first call makes it.

        :param key: What all who may be asked for together share: connection, service, account.
        :param renew: Reads the token of the source again, and returns whether it has changed.
        """
        # The loop itself is kept, so that no later one is taken for it.
        whole_key = (asyncio.get_running_loop(), key)
        if whole_key not in cls._shared:
            made = source()
            cls._shared[whole_key] = cls(
                made,
                renew=None if renew is None else partial(renew, made),
                on_close=lambda: cls._forget(whole_key),
                meter=meter,
            )
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

    async def work(self, what: Callable[[], T], *, limit: float = LONGEST_CALL) -> T:
        """
        Do something that asks the service in one of its threads, by who has entered it.

        :param limit: Seconds that it may take.
        :raises LateError: When it takes longer.
        """
        async with self._hands:
            return await self._crew.work(what, limit=limit)

    async def refused(self, error: AuthError, asked: float) -> Exception | None:
        """
        Read the token again after a refusal; return what that means, or nothing: ask again.

        :param asked: When the request began that was refused, by the event loop's clock.
        """
        await self._renewal.read_async(asked)
        return self._renewal.verdict(error, asked)

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
        now = self._clock.now()
        wait: Wait[K, S] = Wait(key, interval, patience, now)
        with self:
            self._waits.add(wait)
            if at_once:
                self._waits.schedule(wait, now.steady, FIRST_GATHER)
            else:
                self._waits.schedule(wait, patience.next_poll(now, interval))
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
                if not self._waits.of(key):
                    self._asker.forget(key)

    def _wake(self, due: float) -> None:
        """See to it that the loop runs, and does not sleep beyond a time."""
        if self._loop_task is None:
            self._loop_task = self._crew.begin(self._run())
        elif due < self._wakes_at:
            self._news.set()

    def _close(self) -> None:
        self._loop_task = None
        self._on_close()
        self._meter.waits(0)
        self._asker.closed = True
        self._crew.leave(self.source.close)

    async def _run(self) -> None:
        """Run the poll loop; a bug that ends it counts as a fault of each wait, and it goes on."""
        pause = RESTART_PAUSE
        while True:
            began = self._clock.steady()
            try:
                await self._loop()
            except Exception as error:
                fault, now = poller_fault(error), self._clock.now()
                for wait in list(self._waits):
                    self._looks.hear(wait, fault, now, now)
                self._waits.schedule_lost(now)
                if now.steady - began > LONGEST_RESTART_PAUSE:
                    pause = RESTART_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RESTART_PAUSE)

    async def _loop(self) -> None:
        while True:
            self._news.clear()
            self._meter.waits(len(self._waits))
            now = self._clock.now()
            self._waits.follow_clock(now)
            # Nobody was polled while this process stood still.
            stood_still = now.steady - self._wakes_at > STOOD_STILL
            for wait in self._waits.pop_overdue(now.steady):
                if stood_still:
                    self._waits.postpone_overdue(wait, now)
                    continue
                stuck = AnswerLostError("no answer yet", method="", url="")
                self._looks.hear(wait, stuck, now, now)
            if self._feed.tend(now, self._looks.spare_lanes()):
                self._crew.begin(self._read_feed(now))
            pause = min(LONGEST_PAUSE, self._feed.next_due - now.steady, self._looks.begin(now))
            pause = min(pause, self._chronicle.tend(now.steady))
            for at in (self._waits.next_due, self._waits.next_overdue):
                pause = pause if at is None else min(pause, at - now.steady)
            self._wakes_at = now.steady + pause
            # Not `wait_for`: in Python 3.11 it forgets a cancellation that comes with news.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, SHORTEST_PAUSE)):
                    await self._news.wait()

    async def _read_feed(self, asked: Moment) -> None:
        def hear(key: K, state: S) -> None:
            now = self._clock.now()
            for wait in list(self._waits.of(key)):
                self._looks.hear(wait, state, now, now)

        work = partial(self._crew.work, limit=LONGEST_POLL)
        problem = await self._feed.read(work, hear, self._looks.spare_lanes)
        if isinstance(problem, AuthError):
            await self._renewal.read_async(asked.steady)
        if isinstance(problem, RateLimitedError):
            self._meter.throttled()
        self._news.set()


def _steady_clock() -> Callable[[], float]:
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return time.monotonic
