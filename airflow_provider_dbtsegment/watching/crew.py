"""The tasks and threads of a watcher."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

#: How many threads look at most, and how many do other things; each begins when there is work.
THREADS = 4
HANDS = 8


class Crew:
    """
    Tasks in a context of their own (nobody's task, nobody's log), and threads of their own.

    The threads that the event loop keeps itself also look up names, which must not wait for us.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS + HANDS, thread_name_prefix="dbtsegment-watch")
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a task."""
        loop = asyncio.get_running_loop()
        task: asyncio.Task[None] = contextvars.Context().run(loop.create_task, work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def work(self, what: Callable[[], T]) -> T:
        """Do something in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, what)

    def leave(self, at_last: Callable[[], None]) -> None:
        """
        End the tasks; threads end what they do.

        :param at_last: Called when all of them have, so that nothing is opened after it.
        """
        for task in self._tasks:
            task.cancel()

        def shut_down() -> None:
            self._pool.shutdown(wait=True)
            at_last()

        threading.Thread(target=shut_down, daemon=True).start()
