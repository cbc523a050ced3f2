"""
Wait cheaply for many things to end; knows no service and no Airflow.

A `Source` asks a service for the state of things by key, one or many at a time. `wait_blocking`
waits for one of them in the calling thread. A `Watcher` serves all the waits of an event loop that
use one source: they register and await, and it asks for those that are due in as few requests as
possible. Both put up with the same things (`Patience`).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import threading
import time
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Generic, cast

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.source import K, S, Source, tell_change
from airflow_provider_dbtsegment.waits import GATHER, Wait

log = logging.getLogger(__name__)

#: Seconds for which it asks one by one after the service refused to be asked for many.
SINGLE_FOR = 10 * 60.0
#: Threads that a watcher asks with.
THREADS = 4


def wait_blocking(
    source: Source[K, S],
    key: K,
    *,
    interval: float,
    patience: Patience,
    on_change: Callable[[str], None],
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> S:
    """
    Wait in this thread until something ends, and return its last state.

    :param interval: Seconds between looks.
    :param on_change: Called with the label of a state that differs from the one before.
    :raises WaitTimeoutError: When the deadline passes.
    :raises WaitFaultsError: When the service is out of reach for too long.
    :raises RequestError: When a look fails for good (not allowed, not found).
    """
    seen: str | None = None
    while True:
        asked = clock()
        try:
            state = source.ask_one(key)
        except Exception as error:
            log.debug("A look failed.", exc_info=True)
            patience.fault(error, clock(), asked)
        else:
            seen = tell_change(source, state, seen, on_change)
            if source.ended(state):
                return state
            patience.answered(asked)
        now = clock()
        sleep(max(0.0, patience.next_look(now, interval) - now))


class Watcher(Generic[K, S]):
    """
    Ask for all waits of one event loop that share a source.

    It runs from the first wait to the last, in threads of its own and in a context of its own, so
    that it neither holds up nor logs into the task of anybody who waits.

    :param source: Whom to ask.
    :param on_close: Called when the last wait has left.
    """

    _shared: ClassVar[dict[Hashable, Watcher[Any, Any]]] = {}

    def __init__(
        self,
        source: Source[K, S],
        *,
        clock: Callable[[], float] = time.time,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._on_close = on_close
        self._waits: dict[K, list[Wait[S]]] = {}
        self._single_until = 0.0
        self._closed = False
        self._news = asyncio.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="dbtsegment-watch")
        self._asking: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    @classmethod
    def shared(cls, key: Hashable, source: Callable[[], Source[K, S]]) -> Watcher[K, S]:
        """
        Return the watcher of the running event loop for a key; the first call makes it.

        :param key: What all who may be asked for together share: service, host, token.
        """
        whole_key = (id(asyncio.get_running_loop()), key)
        if whole_key not in cls._shared:
            watcher = cls(source(), on_close=lambda: cls._forget(whole_key))
            cls._shared[whole_key] = watcher
        return cast("Watcher[K, S]", cls._shared[whole_key])

    @classmethod
    def _forget(cls, whole_key: Hashable) -> None:
        cls._shared.pop(whole_key, None)

    async def wait(
        self,
        key: K,
        *,
        interval: float,
        patience: Patience,
        on_change: Callable[[str], None],
        at_once: bool = False,
    ) -> S:
        """
        Wait until something ends, and return its last state. Same rules as :func:`wait_blocking`.

        The first look is after an interval, so that those who come together are asked for together.

        :param interval: Seconds between looks: this or a little more, never less.
        :param at_once: Whether nobody has looked yet: then the first look is soon.
        """
        now = self._clock()
        due = now if at_once else patience.next_look(now, interval)
        wait = Wait[S](interval, patience, due)
        self._waits.setdefault(key, []).append(wait)
        self._run()
        seen: str | None = None
        try:
            while True:
                await wait.news.wait()
                wait.news.clear()
                state = wait.state
                if state is not None:
                    seen = tell_change(self._source, state, seen, on_change)
                    if self._source.ended(state):
                        return state
                if wait.error is not None:
                    raise wait.error
        finally:
            self._leave(key, wait)

    def _run(self) -> None:
        self._news.set()
        if self._loop_task is None:
            self._loop_task = self._task(self._loop())

    def _leave(self, key: K, wait: Wait[S]) -> None:
        self._waits[key].remove(wait)
        if not self._waits[key]:
            del self._waits[key]
        if not self._waits and self._loop_task is not None:
            self._loop_task.cancel()
            self._loop_task = None
            self._on_close()
            for task in self._asking:
                task.cancel()
            self._closed = True
            threading.Thread(target=self._shut_down, daemon=True).start()

    def _shut_down(self) -> None:
        """Close the connections when the last look is over, so that none opens them again."""
        self._pool.shutdown(wait=True)
        self._source.close()

    async def _loop(self) -> None:
        while True:
            self._news.clear()
            now = self._clock()
            self._end_overdue(now)
            waiting = [(key, wait) for key, waits in self._waits.items() for wait in waits]
            idle = [(key, wait) for key, wait in waiting if wait.asked_at is None]
            due = list({key: None for key, wait in idle if wait.due <= now})
            size = self._source.batch_size if now >= self._single_until else 1
            for start in range(0, len(due), size):
                self._ask(due[start : start + size])
            later = [wait for _, wait in idle if wait.due > now]
            pauses = [wait.latest - now for wait in later]
            pauses += [pause for _, wait in waiting if (pause := wait.overdue_in(now)) is not None]
            pause = min(pauses, default=None)
            try:
                await asyncio.wait_for(self._news.wait(), pause)
            except asyncio.TimeoutError:
                continue

    def _end_overdue(self, now: float) -> None:
        """End the waits whose last look is stuck behind others."""
        for waits in self._waits.values():
            for wait in waits:
                late = wait.overdue_in(now)
                if late is not None and late <= 0:
                    wait.asked_at = None
                    stuck = AnswerLostError("no answer yet", method="", url="")
                    self._tell(wait, stuck, now, now)

    def _ask(self, keys: Sequence[K]) -> None:
        for key in keys:
            for wait in self._waits[key]:
                wait.asked_at = self._clock()
        task = self._task(self._ask_and_tell(keys))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_and_tell(self, keys: Sequence[K]) -> None:
        loop = asyncio.get_running_loop()
        answers: Mapping[K, S | Exception]
        try:
            answers = await loop.run_in_executor(self._pool, self._answers, keys)
        except Exception as error:  # no thread to be had, for one: those who wait must hear of it
            answers = dict.fromkeys(keys, error)
        now = self._clock()
        spread = 1 + random.random() * GATHER  # noqa: S311 - spreads load, protects nothing
        for key in keys:
            for wait in self._waits.get(key, []):
                if wait.asked_at is not None:
                    self._tell(wait, answers[key], wait.asked_at, now)
                    wait.due = wait.patience.next_look(now, wait.interval * spread)
                    wait.asked_at = None
        self._news.set()

    def _tell(self, wait: Wait[S], answer: S | Exception, asked: float, now: float) -> None:
        try:
            if isinstance(answer, Exception):
                wait.patience.fault(answer, now, asked)
            else:
                wait.tell(answer)
                if not self._source.ended(answer):
                    wait.patience.answered(asked)
        except Exception as error:
            wait.end(error)

    def _answers(self, keys: Sequence[K]) -> dict[K, S | Exception]:
        """Ask for all keys, in a thread; an error is an answer like any other."""
        answers: dict[K, S | Exception] = {}
        if len(keys) > 1:
            try:
                answers.update(self._source.ask_many(keys))
            except (InvalidRequestError, NotFoundError):
                log.warning("The service refuses to be asked for many at once; asking one by one.")
                self._single_until = self._clock() + SINGLE_FOR
            except RequestError as error:
                return dict.fromkeys(keys, error)
            except Exception:
                log.exception("The answer for many cannot be read; asking one by one.")
        for key in keys:
            if self._closed:
                return dict.fromkeys(keys, AnswerLostError("not asked", method="", url=""))
            if key not in answers:
                try:
                    answers[key] = self._source.ask_one(key)
                except Exception as error:
                    answers[key] = error
        return answers

    @staticmethod
    def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start work in an empty context: nobody's task, nobody's log."""
        return contextvars.Context().run(asyncio.get_running_loop().create_task, work)
