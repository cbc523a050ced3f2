"""The tasks and threads of a watcher; no call, however long it takes, keeps others waiting."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, Generic, TypeVar

from airflow_provider_dbtsegment.exceptions import AnswerLostError, NotSentError

log = logging.getLogger(__name__)

T = TypeVar("T")

#: How many threads poll at most, and how many do other things; each begins when there is work.
THREADS = 4
HANDS = 8
#: Calls that have taken too long and go on in threads of their own, at most.
MAX_LATE = 12
#: Seconds that a call may take before its thread is replaced.
LONGEST_CALL = 300.0
#: Seconds that the calls under way have, when the watcher ends, before its connections are closed.
LONGEST_END = 60.0


class LateError(AnswerLostError):
    """A call has not returned for too long; it goes on, in a thread that is not counted."""


class Pulse:
    """
    When a call that sends several requests has begun the last one.

    :param clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.at = clock()

    def beat(self) -> None:
        """Take note that a request begins."""
        self.at = self._clock()


class _Call(Generic[T]):
    """One call that a thread makes, has yet to make, or has been given up in."""

    def __init__(self, what: Callable[[], T]) -> None:
        self.what = what
        self.is_waiting = True
        self.thread: threading.Thread | None = None

    def __call__(self) -> T:
        return self.what()


class Threads(Executor):
    """
    Daemon threads that begin when there is work.

    One whose call takes too long can be given up: it is replaced, and ends with its call.

    :param most: How many there are at once, those given up aside.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._calls: deque[tuple[Future[Any], _Call[Any]]] = deque()
        self._threads: set[threading.Thread] = set()
        self._late: set[threading.Thread] = set()
        self._idle = 0
        self._begun = 0
        self._is_shut = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """
        Make a call in a thread.

        :raises NotSentError: When there is no thread, and none can be started.
        """
        call = fn if isinstance(fn, _Call) else _Call(partial(fn, *args, **kwargs))
        future: Future[T] = Future()
        with self._changed:
            if self._is_shut:
                raise NotSentError("the threads of this watcher have ended", method="", url="")
            if self._idle <= len(self._calls) and len(self._threads) < self._most:
                self._start()
            self._calls.append((future, call))
            self._changed.notify()
        return future

    def give_up(self, call: _Call[Any]) -> None:
        """Make a call no more if it waits still; or replace its thread, so that others go on."""
        with self._changed:
            call.is_waiting = False
            if call.thread in self._threads and len(self._late) < MAX_LATE:
                self._threads.discard(call.thread)
                self._late.add(call.thread)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads; with ``wait``, give them a while to end what they do."""
        with self._changed:
            self._is_shut = True
            threads = [*self._threads, *self._late]
            self._changed.notify_all()
        until = time.monotonic() + LONGEST_END
        for thread in threads if wait else ():
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self) -> None:
        self._begun += 1
        name = f"dbtsegment-watch-{self._begun}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if not self._threads:
                message = f"no thread could be started ({error})"
                raise NotSentError(message, method="", url="") from error
            # One of the others makes the call as soon as it can.
        else:
            self._threads.add(thread)

    def _run(self) -> None:
        me = threading.current_thread()
        while (taken := self._take(me)) is not None:
            future, call = taken
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
            call.thread = None
            del taken, future, call
        with self._changed:
            self._threads.discard(me)
            self._late.discard(me)

    def _take(self, me: threading.Thread) -> tuple[Future[Any], _Call[Any]] | None:
        """Return the next call for a thread, or nothing if the thread is to end."""
        with self._changed:
            while me not in self._late:
                while self._calls:
                    future, call = self._calls.popleft()
                    if call.is_waiting and future.set_running_or_notify_cancel():
                        call.is_waiting, call.thread = False, me
                        return future, call
                if self._is_shut:
                    break
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
        return None


class Crew:
    """
    Tasks in a context of their own (no trigger's task, no trigger's log), and threads of their own.

    The threads that the event loop keeps itself also look up names, which must not wait for us.
    """

    def __init__(self) -> None:
        self._threads = Threads(THREADS + HANDS)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a task."""
        loop = asyncio.get_running_loop()
        task: asyncio.Task[None] = contextvars.Context().run(loop.create_task, work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A task of the poller failed.", exc_info=task.exception())

    async def work(
        self,
        what: Callable[[], T],
        *,
        limit: float = LONGEST_CALL,
        pulse: Pulse | None = None,
        late: Callable[[T], None] = lambda result: None,
    ) -> T:
        """
        Make a call in a thread.

        :param limit: Seconds after which it is not waited for any more.
        :param pulse: From whose last beat the seconds count; by default they count from now.
        :param late: Takes the result should it come later all the same.
        :raises LateError: When it takes too long.
        :raises NotSentError: When no thread can be had for it.
        """
        loop = asyncio.get_running_loop()
        pulse = pulse or Pulse(loop.time)
        call = _Call(what)
        future: asyncio.Future[T] = loop.run_in_executor(self._threads, call)
        try:
            while (left := pulse.at + limit - loop.time()) > 0:
                if (await asyncio.wait([future], timeout=left))[0]:
                    return future.result()
        except asyncio.CancelledError:
            future.cancel()
            raise

        def ended(future: asyncio.Future[T]) -> None:
            if not future.cancelled() and future.exception() is None:
                late(future.result())

        future.add_done_callback(ended)
        self._threads.give_up(call)
        raise LateError(f"no answer for {limit:g} s", method="", url="")

    def leave(self, at_last: Callable[[], None]) -> None:
        """
        End the tasks; threads end what they do.

        :param at_last: Called when all of them have, so that nothing is opened after it, or when
            they have taken too long.
        """
        for task in self._tasks:
            task.cancel()

        def shut_down() -> None:
            self._threads.shutdown(wait=True)
            at_last()

        try:
            threading.Thread(target=shut_down, daemon=True).start()
        except (RuntimeError, MemoryError):
            self._threads.shutdown(wait=False)
            at_last()
