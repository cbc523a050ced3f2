"""Cancel what a deferred task waits for, when a person has ended the task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import ENDED_STATES, task_state

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook

#: Cancellations under way; the event loop itself would forget them.
_under_way: set[asyncio.Future[None]] = set()
#: Cancelling must not hold up name look-ups, which use the event loop's own threads.
_threads = ThreadPoolExecutor(4, thread_name_prefix="dbtsegment-cancel")
#: How often each request of a cancellation is sent, and the seconds before Airflow is asked again
#: for the state of the task.
CANCEL_ATTEMPTS = 5
STATE_PAUSES = (1.0, 3.0, 5.0)


@dataclass(frozen=True)
class Cancelling:
    """
    Cancel a run or a sync if a person has ended its task.

    Airflow calls `on_kill` of a trigger when a person marks or clears the deferred task, and also
    when the trigger moves to another triggerer. So Airflow is asked for the state of the task: in
    any other state than those of a task that was ended, another attempt waits for the run, or will.

    :param subject: What it is, for the log.
    :param hook: Makes the hook that is used, and closed.
    :param cancel: Cancels with it, in a thread.
    """

    task_instance: Any
    subject: str
    hook: Callable[[], ConnectionHook[Any]]
    cancel: Callable[[Any], None]
    log: Any

    async def begun(self) -> None:
        """Begin, and wait for the end; it continues if this call is cancelled."""
        # Airflow cancels this call if it lasts longer than a second or so.
        work = asyncio.ensure_future(self._cancel())
        _under_way.add(work)
        work.add_done_callback(_under_way.discard)
        await asyncio.shield(work)

    async def _cancel(self) -> None:
        try:
            state = await self._state()
            if state not in ENDED_STATES:
                self.log.info("%s is left running: the task's state is %s.", self.subject, state)
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
                "%s was not cancelled and may still be running (%s: %s).",
                self.subject,
                type(error).__name__,
                error,
            )
        else:
            self.log.info("Cancelled %s: a person ended the task (%s).", self.subject, state)

    async def _state(self) -> str | None:
        """
        Return the state of the task.

        :raises Exception: If Airflow does not say.
        """
        from asgiref.sync import sync_to_async

        # A triggerer speaks to Airflow on its event loop, which asgiref finds from the thread.
        ask = sync_to_async(task_state)
        for pause in STATE_PAUSES:
            try:
                return await ask(self.task_instance)
            except Exception as error:
                self.log.info("Airflow does not say in which state the task is: %s", error)
                await asyncio.sleep(pause)
        return await ask(self.task_instance)
