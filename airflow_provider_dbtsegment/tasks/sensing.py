"""What both sensors share: one look, or the triggerer, and the same end in all modes."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_dbtsegment.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    RequestError,
    RunFailedError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.patience import Patience


class Sensing(Waiting):
    """
    Wait for something that is already going on.

    Poke, reschedule and deferred mode end alike: every error goes through `_raise`, which also
    decides what `soft_fail` and `never_fail` make of it. One thing reschedule mode cannot do: it
    forgets between its looks, so faults in a row are survived there until the sensor's time-out.
    """

    if TYPE_CHECKING:
        poke_interval: Any
        soft_fail: Any
        never_fail: Any
        mode: Any

    _patience: Patience | None = None
    #: Whether Airflow's `execution_timeout` ended the waiting, after which there are retries.
    _is_execution_timeout = False

    def execute(self, context: Context) -> None:
        """Wait in the worker, or look once and defer."""
        try:
            if not self.deferrable:
                super().execute(context)  # type: ignore[misc]
                return
            key = self._prepare(context)
            if not self._look(context, key):
                interval = max(float(self.poke_interval), 1.0)
                self._wait(context, key, poll_interval=interval, cancel_on_kill=False)
        except DbtSegmentError as error:
            self._raise(error)
        except AirflowSensorTimeout as error:
            # Airflow's own, in poke and reschedule mode; there it forgets about `never_fail`.
            if self.never_fail:
                raise _skip(error) from error
            raise
        finally:
            self._close()

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:
        """Go on after the trigger."""
        super().execute_complete(context, event)

    def poke(self, context: Context) -> bool:
        """Look once."""
        return self._look(context, self._prepare(context))

    def _look(self, context: Context, key: Any) -> bool:
        from airflow_provider_dbtsegment.patience import Patience

        if self._patience is None:
            # In the modes that come here Airflow itself watches over the sensor's time-out.
            self._patience = Patience(deadline=None, began=self._began(context))
        source = self._source()
        try:
            state = source.ask_one(key)
        except RequestError as error:
            try:
                self._patience.fault(error, time.time())
            except DbtSegmentError as final:
                self._raise(final)
            self.log.warning("Looking failed; trying again: %s", error)
            return False
        self._announce_once(context, state)
        if not source.ended(state):
            self._patience.answered(time.time())
            self.log.info("%s is %s.", self._subject(key), source.label(state))
            return False
        self._end(context, key)
        return True

    def _began(self, context: Context) -> float:
        """Return when the waiting began: in reschedule mode, many processes ago."""
        first = None
        if self.mode == "reschedule":
            task_instance: Any = context["ti"]
            first = task_instance.get_first_reschedule_date(context)
        return first.timestamp() if first else time.time()

    def _timed_out(self, context: Context, key: Any, *, cancel_on_kill: bool) -> None:
        _, self._is_execution_timeout = self._limit(context)

    def _announce_once(self, context: Context, state: Any) -> None:
        """Leave behind what is worth a link."""

    def _own_limit(self) -> float | None:
        return float(self.timeout)

    def _raise(self, error: DbtSegmentError) -> NoReturn:
        soft = isinstance(error, (WaitTimeoutError, RunFailedError))
        if self.never_fail or (soft and self.soft_fail):
            raise _skip(error) from error
        if isinstance(error, WaitTimeoutError) and not self._is_execution_timeout:
            raise AirflowSensorTimeout(str(error)) from error
        if isinstance(error, RunFailedError):
            # What has failed stays failed: another try of the sensor can change nothing.
            raise AirflowFailException(str(error)) from error
        raise error

    @abstractmethod
    def _prepare(self, context: Context) -> Any:
        """Return what to wait for; raises when an argument is wrong."""


def _skip(error: Exception) -> AirflowSkipException:
    return AirflowSkipException(f"Skipped instead of failing: {error}")
