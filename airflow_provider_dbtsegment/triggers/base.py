"""What both triggers share: wait by the process's watcher, tell the worker how it went."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_dbtsegment.compat import is_going_on
from airflow_provider_dbtsegment.exceptions import AnswerLostError, DbtSegmentError
from airflow_provider_dbtsegment.patience import FAULT_BUDGET, Patience
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.watch import Watcher

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")

#: Cancellations under way; the event loop itself would forget them.
_kills: set[asyncio.Future[None]] = set()
#: Cancelling must not hold up those who look things up in the event loop's own threads.
_killers = ThreadPoolExecutor(4, thread_name_prefix="dbtsegment-kill")
#: How often each request of a cancellation is sent.
KILL_ATTEMPTS = 5
#: Seconds before Airflow is asked again whether the task goes on.
KILL_PAUSES = (1.0, 3.0, 5.0)


def _event(payload: dict[str, Any]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


class WaitTrigger(BaseTrigger, Generic[K, S]):
    """
    Wait until something has ended.

    The event names what was waited for and, if the waiting failed, how: it never says how the thing
    itself ended. The worker asks the service for that.

    :param poll_interval: Seconds between looks.
    :param deadline: Seconds since the epoch after which the waiting fails; `None` waits for ever.
    :param began: When the waiting began, in seconds since the epoch.
    :param cancel_on_kill: Cancel the thing when a person ends the deferred task (Airflow 3.3).
    :param fault_budget: Seconds in a row for which the service may be out of reach; `None` lets
        only the deadline end that. Triggers of older versions come without it.
    """

    def __init__(
        self,
        *,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool,
        fault_budget: float | None = FAULT_BUDGET,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.began = began
        self.cancel_on_kill = cancel_on_kill
        self.fault_budget = fault_budget

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what is needed to make this trigger again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        common = {
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "began": self.began,
            "cancel_on_kill": self.cancel_on_kill,
            "fault_budget": self.fault_budget,
        }
        return path, {**self._own_arguments(), **common}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell the worker."""
        subject = self._subject()
        try:
            hook = await self._resolved()
            watcher: Watcher[K, S] = Watcher.shared(
                (hook.identity, self._source_key()), lambda: self._source(hook)
            )
            await watcher.wait(
                self._key(),
                interval=self.poll_interval,
                patience=self._patience(),
                on_change=lambda label: self.log.info("%s is %s.", subject, label),
            )
        except DbtSegmentError as error:
            self.log.info("Waiting for %s ended: %s", subject, error)
            failure = {"error": type(error).__name__, "message": str(error)}
            yield _event({**self._name(), **failure, "cancel_on_kill": self.cancel_on_kill})
        else:
            yield _event(self._name())

    def _patience(self) -> Patience:
        budget = math.inf if self.fault_budget is None else self.fault_budget
        return Patience(self.deadline, self.began, budget)

    async def _resolved(self) -> ConnectionHook[Any]:
        """
        Return a hook that knows its connection.

        A triggerer that starts again asks Airflow for the connections of all its triggers at once,
        perhaps when Airflow has not come back yet: that must not end what is going on well.
        """
        hook, patience = self._hook(), self._patience()
        while True:
            try:
                await hook.aresolve()
            except DbtSegmentError:
                raise
            except Exception as error:
                reason = f"Airflow could not give the connection ({type(error).__name__}: {error})"
                now = time.time()
                patience.fault(AnswerLostError(reason, method="", url=""), now)
                self.log.warning("%s; trying again.", reason)
                await asyncio.sleep(patience.next_look(now, self.poll_interval) - now)
            else:
                return hook

    async def on_kill(self) -> None:
        """
        Cancel what was waited for, unless this trigger only moves to another triggerer.

        Airflow calls this when a person ends the task, and by mistake when a trigger moves. So
        Airflow is asked for the state of the task. While that cannot be found out nothing is
        cancelled: what goes on for nothing can be ended by hand, and the next try takes it over;
        what is cancelled under somebody who waits for it is lost.
        """
        if not self.cancel_on_kill:
            return
        # Airflow cancels this coroutine too when it lasts longer than a second or so.
        kill = asyncio.ensure_future(self._kill())
        _kills.add(kill)
        kill.add_done_callback(_kills.discard)
        await asyncio.shield(kill)

    async def _kill(self) -> None:
        try:
            if await self._is_going_on():
                self.log.info("%s is left going on: the task is, too.", self._subject())
                return
            hook = self._hook(max_attempts=KILL_ATTEMPTS)
            await hook.aresolve()
            try:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(_killers, self._cancel, hook)
            finally:
                hook.close()
        except Exception as error:
            self.log.warning(
                "%s may still go on; it was not cancelled, because of %s: %s",
                self._subject(),
                type(error).__name__,
                error,
            )
        else:
            self.log.info("Cancelled %s: the task was ended by a person.", self._subject())

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

    def _own_arguments(self) -> dict[str, Any]:
        """Return the arguments that the subclass adds."""
        raise NotImplementedError

    def _name(self) -> dict[str, Any]:
        """Return the ids of what is waited for, for the event."""
        raise NotImplementedError

    def _subject(self) -> str:
        """Return what is waited for, for the log."""
        raise NotImplementedError

    def _hook(self, max_attempts: int = 1) -> ConnectionHook[Any]:
        """Return a hook; the watcher itself decides what is done about faults of one attempt."""
        raise NotImplementedError

    def _source(self, hook: Any) -> Source[K, S]:
        raise NotImplementedError

    def _source_key(self) -> Hashable:
        """Return what, beside service and token, waits must share to be asked for together."""
        return None

    def _key(self) -> K:
        raise NotImplementedError

    def _cancel(self, hook: Any) -> None:
        raise NotImplementedError
