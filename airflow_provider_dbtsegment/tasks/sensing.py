"""What both sensors share: one look, or the triggerer, and the same end in all modes."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_provider_dbtsegment.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    first_look,
)
from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    RequestError,
    RunFailedError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    optional_seconds,
    required_seconds,
    seconds_from_zero,
    switch,
)
from airflow_provider_dbtsegment.tasks.base import Waiting
from airflow_provider_dbtsegment.tasks.reasons import tell_why

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.patience import Patience
    from airflow_provider_dbtsegment.progress import Progress
    from airflow_provider_dbtsegment.source import Source
    from airflow_provider_dbtsegment.tasks.faults import NotedFaults

#: Clocks differ by so much; the look at the deadline must not come before it.
AT_THE_DEADLINE = 0.01


class _BeginsInTriggerer:
    """
    What Airflow asks of a task that may begin in the triggerer.

    It asks when the DAG is stored, and only then is known what its author, or a policy, has made of
    the task. Of the class it asks for mapped ones, which cannot.
    """

    def __init__(self, *, yes_or_no: bool) -> None:
        self.yes_or_no = yes_or_no

    def __get__(self, task: Sensing | None, owner: type) -> Any:
        from airflow_provider_dbtsegment.tasks.beginning import start_trigger_args

        arguments = None if task is None else start_trigger_args(task)
        return arguments is not None if self.yes_or_no else arguments


class Sensing(Waiting):
    """
    Wait for something that is already going on.

    Poke, reschedule and deferred mode end alike: the same patience ends the waiting, and every
    error goes through `_raise`, which also decides what `soft_fail` and `never_fail` make of it.
    In reschedule mode, in which each look is a process of its own, Airflow itself remembers when
    the waiting began, and Airflow 3.3 remembers since when looking fails. Airflow counts
    `execution_timeout` for each look there, not for the waiting.
    """

    if TYPE_CHECKING:
        poke_interval: Any
        soft_fail: Any
        never_fail: Any
        mode: Any
        retries: Any

        _trigger_class: str
        template_fields: Sequence[str]

    #: Of the arguments that all sensors have, Airflow itself takes any text for a true switch.
    _checks: ClassVar[Mapping[str, Check]] = {
        "poke_interval": required_seconds,
        "timeout": seconds_from_zero,
        "exponential_backoff": switch,
        "soft_fail": switch,
        "never_fail": switch,
        "silent_fail": switch,
        "deferrable": switch,
        "fault_budget": optional_seconds,
        "end_in_triggerer": switch,
    }
    start_from_trigger = _BeginsInTriggerer(yes_or_no=True)
    start_trigger_args = _BeginsInTriggerer(yes_or_no=False)
    _has_result = False
    _patience: Patience | None = None
    _progress: Progress | None = None
    #: The word for the last state that was told.
    _seen = ""
    #: Whether the deadline is that of Airflow's `execution_timeout`, after which there are retries.
    _by_airflow = False

    def execute(self, context: Context, **marks: Any) -> None:
        """
        Wait in the worker, or look once and defer.

        :param marks: With which Airflow 2 marks what a worker calls.
        """
        try:
            self._check_arguments()
            if not self.deferrable:
                super().execute(context, **marks)  # type: ignore[misc]
                return
            key = self._prepare(context)
            if not self._look(context, key):
                self._wait(context, key, poll_interval=self._interval(), cancel_on_kill=False)
        except DbtSegmentError as error:
            self._raise(error)
        finally:
            self._close()

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any] | None = None,
        awaited: dict[str, Any] | None = None,
    ) -> None:
        """Go on after the trigger, or begin where the triggerer could not."""
        if event and "begin" in event:
            self.log.info("It begins in a worker: %s", event.get("because"))
            self.execute(context)
            return
        if awaited and awaited.get("begun"):
            try:
                key = self._prepare(context)
                self._announce_late(context, key)
            except DbtSegmentError as error:
                self._close()
                self._raise(error)
            awaited = {**awaited, **self._name(key), "see": self._see()}
        super().execute_complete(context, event, awaited)

    def _validate_start_from_trigger_kwargs(self) -> None:
        """Do nothing: Airflow would ask each new task how it begins, for callables in that."""

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after the trigger; Airflow puts its own words for our reason to skip."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)  # type: ignore[misc]
        except AirflowSkipException as skip:
            if isinstance(skip.__cause__, AirflowSkipException):
                raise skip.__cause__ from skip.__cause__.__cause__
            raise

    def poke(self, context: Context) -> bool:
        """Look once."""
        try:
            return self._look(context, self._prepare(context))
        except DbtSegmentError as error:
            self._raise(error)

    def _look(self, context: Context, key: Any) -> bool:
        """Return whether it has ended well; what is to end the waiting is raised."""
        if self._patience is None:
            self._patience = self._begin(context)
        faults = self._noted_faults(context) if self._is_rescheduled else None
        source = self._source()
        try:
            state = source.ask_one(key)
            self._announce_once(context, state)
            ended = source.ended(state)
            if ended:
                self._finish(context, key)
        except RequestError as error:
            try:
                if faults is None:
                    self._patience.fault(error, time.time())
                else:
                    faults.add(error, self._patience)
            except DbtSegmentError as final:
                self._fail(context, key, final, by_airflow=self._by_airflow, cancel_on_kill=False)
            self.log.warning("Looking failed; trying again: %s", error)
            return False
        if ended:
            return True
        self._tell(key, source, state)
        if faults is not None:
            faults.clear()
        try:
            self._patience.answered(time.time())
        except DbtSegmentError as final:
            self._fail(context, key, final, by_airflow=self._by_airflow, cancel_on_kill=False)
        return False

    def _begin(self, context: Context) -> Patience:
        """Return how patient to be; in reschedule mode this is another process than the last."""
        from airflow_provider_dbtsegment.progress import PAUSE, Progress

        began = self._began(context)
        limit, self._by_airflow = self._limit(context)
        deadline = None if limit is None else began + limit
        # The process before has told how far it is if a minute was over then.
        last_look = time.time() - float(self.poke_interval)
        told = last_look - (last_look - began) % PAUSE if last_look > began else began
        self._progress = Progress(self.log.info, time.time, told)
        return self._patience_until(deadline, began)

    def _tell(self, key: Any, source: Source[Any, Any], state: Any) -> None:
        """Say how it is if that is new, and now and then how far it is."""
        label = source.label(state)
        if label != self._seen:
            self.log.info("%s is %s.", self._subject(key), label)
        self._seen = label
        if self._progress is not None and not self.deferrable:
            self._progress.tell(source, key, state)

    def _get_next_poke_interval(self, *args: Any, **kwargs: Any) -> float:
        """Return Airflow's pause, but look once more at the deadline, not after it."""
        pause = super()._get_next_poke_interval(*args, **kwargs)  # type: ignore[misc]
        if self._patience is None:
            return float(pause)
        now = time.time()
        return self._patience.next_look(now, pause) - now + AT_THE_DEADLINE

    @property
    def _is_rescheduled(self) -> bool:
        return self.mode == "reschedule" and not self.deferrable

    def _noted_faults(self, context: Context) -> NotedFaults:
        from airflow_provider_dbtsegment.tasks.faults import NotedFaults

        return NotedFaults.of(context, self.log)

    def _began(self, context: Context) -> float:
        """Return when the waiting began: in reschedule mode, many processes ago."""
        first = first_look(context, self.retries or 0) if self._is_rescheduled else None
        return first.timestamp() if first else time.time()

    def _limit(self, context: Context) -> tuple[float | None, bool]:
        return (self._own_limit(), False) if self._is_rescheduled else super()._limit(context)

    def _timed_out(
        self, context: Context, key: Any, *, by_airflow: bool, cancel_on_kill: bool
    ) -> None:
        self._by_airflow = by_airflow

    def _interval(self) -> float:
        return max(float(self.poke_interval), 1.0)

    def _own_limit(self) -> float | None:
        return float(self.timeout)

    def _announce_once(self, context: Context, state: Any) -> None:
        """Leave behind what is worth a link."""

    def _announce_late(self, context: Context, key: Any) -> None:
        """Do so for a task that has begun in the triggerer, if it can be found out."""

    def _raise(self, error: DbtSegmentError) -> NoReturn:
        soft = isinstance(error, (WaitTimeoutError, RunFailedError))
        if self.never_fail or (soft and self.soft_fail):
            raise AirflowSkipException(f"Skipped instead of failing: {error}") from error
        if isinstance(error, WaitTimeoutError) and not self._by_airflow:
            raise AirflowSensorTimeout(str(error)) from error
        if isinstance(error, RunFailedError):
            tell_why(error, self.log)
            # What has failed stays failed: another try of the sensor can change nothing.
            raise AirflowFailException(str(error)) from None
        raise error

    @abstractmethod
    def _prepare(self, context: Context) -> Any:
        """Return what to wait for; raises when an argument is wrong."""
