"""What both triggers share: wait by the process's watcher, tell the worker how it went."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_dbtsegment.compat import is_going_on
from airflow_provider_dbtsegment.exceptions import DbtSegmentError, RequestError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.watch import Watcher

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")

#: Cancellations under way; the event loop itself would forget them.
_kills: set[asyncio.Future[None]] = set()


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
    """

    def __init__(
        self,
        *,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.began = began
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what is needed to make this trigger again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        common = {
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "began": self.began,
            "cancel_on_kill": self.cancel_on_kill,
        }
        return path, {**self._own_arguments(), **common}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and tell the worker."""
        subject = self._subject()
        try:
            hook = self._hook()
            await hook.aresolve()
            watcher: Watcher[K, S] = Watcher.shared(
                (hook.identity, self._source_key()), lambda: self._source(hook)
            )
            await watcher.wait(
                self._key(),
                interval=self.poll_interval,
                patience=Patience(self.deadline, self.began),
                on_change=lambda label: self.log.info("%s is %s.", subject, label),
            )
        except DbtSegmentError as error:
            self.log.info("Waiting for %s ended: %s", subject, error)
            failure = {"error": type(error).__name__, "message": str(error)}
            yield _event({**self._name(), **failure, "cancel_on_kill": self.cancel_on_kill})
        else:
            yield _event(self._name())

    async def on_kill(self) -> None:
        """Cancel what was waited for, unless this trigger only moves to another triggerer."""
        if not self.cancel_on_kill:
            return
        # Airflow cancels this coroutine too when it lasts longer than a second or so.
        kill = asyncio.ensure_future(self._kill())
        _kills.add(kill)
        kill.add_done_callback(_kills.discard)
        await asyncio.shield(kill)

    async def _kill(self) -> None:
        if await is_going_on(self.task_instance):
            self.log.info("%s is left going on: the task is, too.", self._subject())
            return
        hook = self._hook()
        await hook.aresolve()
        try:
            await asyncio.to_thread(self._cancel, hook)
        except RequestError as error:
            self.log.warning("%s could not be cancelled: %s", self._subject(), error)
        else:
            self.log.info("Cancelled %s: the task was ended by a person.", self._subject())
        finally:
            hook.close()

    def _own_arguments(self) -> dict[str, Any]:
        """Return the arguments that the subclass adds."""
        raise NotImplementedError

    def _name(self) -> dict[str, Any]:
        """Return the ids of what is waited for, for the event."""
        raise NotImplementedError

    def _subject(self) -> str:
        """Return what is waited for, for the log."""
        raise NotImplementedError

    def _hook(self) -> ConnectionHook[Any]:
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
