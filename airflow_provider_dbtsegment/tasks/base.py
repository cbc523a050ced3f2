"""What operators and sensors of both services share: one way to wait, and one way to end."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Hashable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_dbtsegment.compat import AirflowFailException
from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    RunCancelledError,
    RunFailedError,
    WaitTimeoutError,
    rebuild,
)
from airflow_provider_dbtsegment.tasks.arguments import optional_seconds

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.source import Source
    from airflow_provider_dbtsegment.triggers.base import WaitTrigger

#: Airflow ends a task at its execution time-out without asking us; we come so much before it, or a
#: quarter of it if that is less, so that a worker has the time to start and to cancel.
BEFORE_EXECUTION_TIMEOUT = 30.0


class Waiting:
    """
    Wait for a run or a sync to end: blocking, or deferred to the triggerer.

    Both ways lead to `_finish`, which asks the service how it ended; nothing else is believed.
    """

    if TYPE_CHECKING:
        log: Any
        deferrable: bool
        execution_timeout: timedelta | None
        timeout: Any

        def defer(self, **kwargs: Any) -> NoReturn: ...

    def _wait(
        self, context: Context, key: Hashable, *, poll_interval: float, cancel_on_kill: bool
    ) -> Any:
        """Wait until ``key`` has ended, and return what the task returns."""
        began = time.time()
        limit, _ = self._limit(context)
        deadline = None if limit is None else began + limit
        if self.deferrable:
            trigger = self._trigger(
                key,
                poll_interval=poll_interval,
                deadline=deadline,
                began=began,
                cancel_on_kill=cancel_on_kill,
            )
            self.defer(trigger=trigger, method_name="execute_complete")
        from airflow_provider_dbtsegment.patience import Patience
        from airflow_provider_dbtsegment.watch import wait_blocking

        try:
            wait_blocking(
                self._source(),
                key,
                interval=poll_interval,
                patience=Patience(deadline, began),
                on_change=lambda label: self.log.info("%s is %s.", self._subject(key), label),
            )
        except DbtSegmentError as error:
            self._fail(context, key, error, cancel_on_kill=cancel_on_kill)
        return self._end(context, key)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Go on after the trigger."""
        try:
            if not isinstance(event, dict):
                raise RunFailedError(f"The trigger ended with {event!r}, which says nothing.")
            key = self._key_of(event)
        except DbtSegmentError as error:
            self._raise(error)
        try:
            if "error" in event:
                failure = rebuild(str(event["error"]), str(event.get("message")))
                self._fail(
                    context, key, failure, cancel_on_kill=event.get("cancel_on_kill") is True
                )
            return self._end(context, key)
        finally:
            self._close()

    def _end(self, context: Context, key: Any) -> Any:
        try:
            return self._finish(context, key)
        except DbtSegmentError as error:
            self._raise(error)

    def _fail(
        self, context: Context, key: Any, error: DbtSegmentError, *, cancel_on_kill: bool
    ) -> NoReturn:
        """End the task because the waiting failed, whatever has become of what was waited for."""
        if isinstance(error, WaitTimeoutError):
            self._timed_out(context, key, cancel_on_kill=cancel_on_kill)
        self._raise(error)

    def _raise(self, error: DbtSegmentError) -> NoReturn:
        """End the task; Airflow is not to try again what a person has cancelled."""
        if isinstance(error, RunCancelledError):
            raise AirflowFailException(str(error)) from error
        raise error

    def _limit(self, context: Context) -> tuple[float | None, bool]:
        """Return for how many seconds to wait at most, and whether Airflow's own limit decides."""
        own = self._own_limit()
        if self.execution_timeout is None:
            return own, False
        whole = self.execution_timeout.total_seconds()
        start_date = getattr(context["ti"], "start_date", None)
        spent = time.time() - start_date.timestamp() if start_date else 0.0
        theirs = max(0.0, whole - spent - min(BEFORE_EXECUTION_TIMEOUT, whole / 4))
        return (own, False) if own is not None and own < theirs else (theirs, True)

    def _own_limit(self) -> float | None:
        """Return for how many seconds the user lets it wait."""
        return optional_seconds(self.timeout, "timeout")

    def _timed_out(self, context: Context, key: Any, *, cancel_on_kill: bool) -> None:
        """Do what is due when the waiting took too long."""

    @abstractmethod
    def _finish(self, context: Context, key: Any) -> Any:
        """Ask how it ended; return the task's result or raise why it failed."""

    @abstractmethod
    def _close(self) -> None:
        """Close the connections."""

    @abstractmethod
    def _trigger(self, key: Any, **kwargs: Any) -> WaitTrigger[Any, Any]: ...

    @abstractmethod
    def _source(self) -> Source[Any, Any]: ...

    @abstractmethod
    def _subject(self, key: Any) -> str:
        """Return what is waited for, for the log."""

    @abstractmethod
    def _key_of(self, event: dict[str, Any]) -> Any:
        """Return what an event is about."""
