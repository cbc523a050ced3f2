"""An event loop on the clock of a made-up world."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.histories.world import Death, World

T = TypeVar("T")

#: The clock moves at least so much, so that rounding never stops it.
TICK = 1e-6


class _Selector(selectors.SelectSelector):
    """Waits for nothing but the time."""

    world: World

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("nobody will ever wake the loop up")
        if timeout > 0:
            self.world.advance(self.world.now + max(timeout, TICK))
        return []


class Loop(asyncio.SelectorEventLoop):
    """
    An event loop whose time is that of a world.

    What it is given to do in a thread is done at once, and the answer comes when the time has
    passed that it took.
    """

    def __init__(self, world: World) -> None:
        selector = _Selector()
        selector.world = world
        super().__init__(selector)
        self._world = world
        self._death: Death | None = None

    def time(self) -> float:
        return self._world.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        began = self._world.now
        result = func(*args)
        ended, self._world.now = self._world.now, began

        def answer() -> None:
            if not future.done():
                future.set_result(result)

        self.call_at(ended, answer)
        return future

    def die_in(self, seconds: float) -> None:
        """End the process that runs this loop some time from now."""
        self.call_later(seconds, self._die)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run something to its end, or to the death of the process."""
        asyncio.set_event_loop(self)
        task = self.create_task(main)
        task.add_done_callback(self._end)
        try:
            self.run_forever()
            if self._death is not None:
                raise self._death
            return task.result()
        finally:
            task.remove_done_callback(self._end)
            left = asyncio.all_tasks(self)
            for one in left:
                one.cancel()
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            asyncio.set_event_loop(None)
            self.close()

    def _end(self, task: asyncio.Task[Any]) -> None:
        self.stop()

    def _die(self) -> None:
        self._world.tell("the triggerer dies")
        self._death = Death("while waiting")
        self.stop()
