"""What the operators of both services share: launch once, wait, cancel when killed."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import ledger_of
from airflow_provider_dbtsegment.exceptions import (
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.tasks.arguments import optional_seconds
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.launch import Launch
    from airflow_provider_dbtsegment.marker import Marker
    from airflow_provider_dbtsegment.tasks.killing import Kill

#: Seconds after which a sleeping task notices that it was killed.
NAP = 0.5
#: How often each request of a cancellation is sent.
KILL_ATTEMPTS = 3


class Launching(Waiting):
    """Launch something once for a task run, wait for it, and cancel it when the task is killed."""

    if TYPE_CHECKING:
        cancel_on_kill: bool
        poll_interval: float
        retries: Any

    _killed = False
    #: How to cancel what this process launches; nothing before that, and for what it reuses.
    _kill: Kill | None = None

    def on_kill(self) -> None:
        """Cancel what was launched, if that is wanted."""
        if not self.cancel_on_kill:
            return
        self._killed = True
        if self._kill is not None:
            self._kill.from_signal_handler()

    def _launch(
        self,
        context: Context,
        work: Any,
        key_of: Callable[[Any], Any],
        *,
        find: Callable[[], Any] | None = None,
        **options: Any,
    ) -> Launch[Any]:
        """
        Launch once, and be ready to be killed all the while.

        :param work: What is launched.
        :param key_of: Makes of the id of what was launched what it is waited for by.
        :param find: Returns what was started for this task and goes on, by connections of its own;
            for a kill that comes before the answer to the start.
        """
        from airflow_provider_dbtsegment.launch import How, launch_once

        marker = self._marker(context)
        self._kill = self._killer(context, find)
        self._stop_if_killed()
        launch = launch_once(
            work,
            marker,
            ledger=ledger_of(context),
            retry_cancelled=self.retry_cancelled,
            log=self.log,
            **options,
        )
        key = key_of(launch.id)
        if launch.how is How.REUSED:
            # What somebody else has started is not ours to cancel.
            self._kill = None
        else:
            self._kill.key = key
            if self._killed:
                self._kill.now(key, "the task was killed while it was being started")
        self._stop_if_killed()
        return launch

    def _follow(self, context: Context, launch: Launch[Any], key: Any) -> Any:
        """Wait for what was launched."""
        from airflow_provider_dbtsegment.launch import How

        if launch.how is How.TAKEN:
            return self._end(context, key)
        self._stop_if_killed()
        return self._wait(
            context,
            key,
            poll_interval=self._interval(),
            cancel_on_kill=self.cancel_on_kill and self._kill is not None,
        )

    def _check_waiting(self) -> None:
        """Refuse times that make no sense before anything is started."""
        self._interval()
        self._own_limit()
        self._fault_seconds()

    def _interval(self) -> float:
        return optional_seconds(self.poll_interval, "poll_interval") or 30.0

    def _marker(self, context: Context) -> Marker:
        """Return the name of this try."""
        from airflow_provider_dbtsegment.marker import Marker

        task_instance: Any = context["ti"]
        return Marker(
            dag_id=task_instance.dag_id,
            run_id=task_instance.run_id,
            task_id=task_instance.task_id,
            map_index=task_instance.map_index if task_instance.map_index is not None else -1,
            try_number=task_instance.try_number,
            first_try=max(1, (task_instance.max_tries or 0) - (self.retries or 0) + 1),
        )

    def _survive(self, context: Context, key: Any) -> Any:
        from airflow_provider_dbtsegment.tasks.killing import note_quietly, was_cancelled_by_us

        try:
            ended = super()._survive(context, key)
        except RunFailedError as error:
            self._kill = None
            ledger, marker = ledger_of(context), self._marker(context)
            # Asked before the next line hides it: who cancelled it?
            ours = self._killed or was_cancelled_by_us(ledger, marker, self.log)
            # Whatever it was, this try has made use of it: a later one is to start anew.
            note_quietly(ledger, marker, self.log, consumed=True)
            if isinstance(error, RunCancelledError) and ours:
                message = f"{error}\nThe task itself cancelled it, because it was killed."
                raise RunFailedError(message) from error
            raise
        self._kill = None
        return ended

    def _timed_out(
        self, context: Context, key: Any, *, by_airflow: bool, cancel_on_kill: bool
    ) -> None:
        """Cancel at the execution time-out, as a kill does; at `timeout` a later try takes over."""
        if cancel_on_kill and by_airflow:
            self._killer(context, None).now(key, "the task's execution time-out has passed")

    def _killer(self, context: Context, find: Callable[[], Any] | None) -> Kill:
        from airflow_provider_dbtsegment.tasks.killing import Kill

        return Kill(
            subject=self._subject,
            cancel=self._canceller(),
            find=find,
            ledger=ledger_of(context),
            marker=self._marker(context),
            log=self.log,
        )

    def _sleep(self, seconds: float) -> None:
        """Sleep, but not on after a kill: a signal handler returns, and Airflow waits 5 s only."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, NAP))
            self._stop_if_killed()
        self._stop_if_killed()

    def _stop_if_killed(self) -> None:
        if self._killed:
            raise RunFailedError("The task was killed.")

    @abstractmethod
    def _canceller(self) -> Callable[[Any], object]:
        """Return what cancels, by connections of its own that nobody else is in the midst of."""
