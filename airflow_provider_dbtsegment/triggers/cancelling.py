"""Cancel what a deferred task waits for, when a person has ended the task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import is_going_on

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook

#: Cancellations under way; the event loop itself would forget them.
_under_way: set[asyncio.Future[None]] = set()
#: Cancelling must not hold up those who look things up in the event loop's own threads.
_threads = ThreadPoolExecutor(4, thread_name_prefix="dbtsegment-kill")
#: How often each request of a cancellation is sent, and seconds before Airflow is asked again
#: whether the task goes on.
KILL_ATTEMPTS = 5
KILL_PAUSES = (1.0, 3.0, 5.0)


@dataclass(frozen=True)
class Cancelling:
    """
    Cancel something, unless its task goes on.

    :param subject: What it is, for the log.
    :param hook: Makes the hook that is used, and closed.
    :param cancel: Cancels by it, in a thread.
    """

    task_instance: Any
    subject: str
    hook: Callable[[], ConnectionHook[Any]]
    cancel: Callable[[Any], None]
    log: Any

    async def begun(self) -> None:
        """Begin, and wait for the end; it goes on if nobody waits any more."""
        # Airflow cancels who waits here when that lasts longer than a second or so.
        work = asyncio.ensure_future(self._cancel())
        _under_way.add(work)
        work.add_done_callback(_under_way.discard)
        await asyncio.shield(work)

    async def _cancel(self) -> None:
        try:
            if await self._is_going_on():
                self.log.info("%s is left going on: the task is, too.", self.subject)
                return
            hook = self.hook()
            await hook.aresolve()
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(_threads, self.cancel, hook)
            finally:
                hook.close()
        except Exception as error:
            self.log.warning(
                "%s may still go on; it was not cancelled, because of %s: %s",
                self.subject,
                type(error).__name__,
                error,
            )
        else:
            self.log.info("Cancelled %s: the task was ended by a person.", self.subject)

    async def _is_going_on(self) -> bool:
        """
        Ask Airflow whether the task goes on.

        :raises Exception: When it does not say.
        """
        for pause in KILL_PAUSES:
            try:
                return await is_going_on(self.task_instance)
            except Exception as error:
                self.log.info("Airflow does not say whether the task goes on: %s", error)
                await asyncio.sleep(pause)
        return await is_going_on(self.task_instance)
