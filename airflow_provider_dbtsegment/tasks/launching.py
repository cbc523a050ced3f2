"""What the operators of both services share: launch once, wait, cancel when killed."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import ledger_of
from airflow_provider_dbtsegment.exceptions import DbtSegmentError, RunFailedError
from airflow_provider_dbtsegment.launch import How, Launch, note
from airflow_provider_dbtsegment.launchable import Ledger
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

#: Seconds that a note may take while the task is being killed.
NOTE_PATIENCE = 3.0


class Launching(Waiting):
    """Launch something once for a task run, wait for it, and cancel it when the task is killed."""

    if TYPE_CHECKING:
        cancel_on_kill: bool
        retries: Any

    #: What this process is to cancel when it is killed, and where that is to be noted.
    _to_cancel: tuple[Any, Ledger | None, Marker] | None = None

    def on_kill(self) -> None:
        """Cancel what was launched, if that is wanted."""
        if self._to_cancel is not None and self.cancel_on_kill:
            key, ledger, marker = self._to_cancel
            self._cancel_quietly(key, ledger, marker, "the task was killed")

    def _keep_to_cancel(self, context: Context, launch: Launch[Any], key: Any) -> None:
        """Remember what to cancel; what somebody else has started is not ours to cancel."""
        if launch.how is not How.REUSED:
            self._to_cancel = (key, ledger_of(context), self._marker(context))

    def _follow(
        self, context: Context, launch: Launch[Any], key: Any, *, poll_interval: float
    ) -> Any:
        """Wait for what was launched."""
        if launch.how is How.TAKEN:
            return self._end(context, key)
        cancel = self.cancel_on_kill and self._to_cancel is not None
        return self._wait(context, key, poll_interval=poll_interval, cancel_on_kill=cancel)

    def _marker(self, context: Context) -> Marker:
        """Return the name of this try."""
        task_instance: Any = context["ti"]
        return Marker(
            dag_id=task_instance.dag_id,
            run_id=task_instance.run_id,
            task_id=task_instance.task_id,
            map_index=task_instance.map_index if task_instance.map_index is not None else -1,
            try_number=task_instance.try_number,
            first_try=max(1, (task_instance.max_tries or 0) - (self.retries or 0) + 1),
        )

    def _end(self, context: Context, key: Any) -> Any:
        try:
            return self._finish(context, key)
        except RunFailedError as error:
            # Whatever it was, this try has made use of it: a later one is to start anew.
            self._note(ledger_of(context), self._marker(context), consumed=True)
            self._raise(error)
        except DbtSegmentError as error:
            self._raise(error)

    def _timed_out(self, context: Context, key: Any, *, cancel_on_kill: bool) -> None:
        """Cancel at the execution time-out, as a kill does; at `timeout` a later try takes over."""
        _, is_execution_timeout = self._limit(context)
        if cancel_on_kill and is_execution_timeout:
            ledger, marker = ledger_of(context), self._marker(context)
            self._cancel_quietly(key, ledger, marker, "the task's execution time-out has passed")

    def _cancel_quietly(self, key: Any, ledger: Ledger | None, marker: Marker, why: str) -> None:
        """Cancel; that it cannot be done must not hide why it was to be done."""
        self.log.info("Cancelling %s: %s.", self._subject(key), why)
        try:
            self._cancel(key)
        except DbtSegmentError as error:
            self.log.warning("It could not be cancelled: %s", error)
        self._note(ledger, marker, cancelled=True)

    def _note(self, ledger: Ledger | None, marker: Marker, **facts: bool) -> None:
        """
        Write a fact down for later tries, if Airflow can remember it.

        A killed task may have been interrupted in the midst of talking to Airflow, and must not
        wait for itself; so another thread writes, and not for long.
        """
        if ledger is None:
            return

        def write() -> None:
            try:
                note(ledger, marker, **facts)
            except Exception as error:
                self.log.warning("It could not be noted for later tries: %s", error)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(NOTE_PATIENCE)

    @abstractmethod
    def _cancel(self, key: Any) -> None: ...
