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
    BaseSensorOperator,
    first_look,
    trigger_timed_out,
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
    from airflow_provider_dbtsegment.watching.clock import Moment
    from airflow_provider_dbtsegment.watching.renewal import Renewal


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
    _renewal: Renewal | None = None
    #: What a rescheduled sensor remembers.
    _notes: NotedFaults | None = None
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
                self._check_place(key, awaited, event)
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
        """
        Go on after the trigger.

        Airflow's sensors take whatever ends the waiting for a reason to skip with `soft_fail`, a
        trigger that has crashed as well. Here `_raise` has decided, except for what Airflow itself
        says.
        """
        self._read_switches()
        try:
            return super(BaseSensorOperator, self).resume_execution(  # type: ignore[misc]
                next_method, next_kwargs, context
            )
        except AirflowSkipException:
            raise
        except Exception as error:
            timed_out = trigger_timed_out(next_method, next_kwargs)
            if self.never_fail or (timed_out and self.soft_fail):
                raise AirflowSkipException(f"Skipped instead of failing: {error}") from error
            if timed_out:
                raise AirflowSensorTimeout(str(error)) from error
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
        while (ended := self._poll(context, key, self._patience)) is None:
            now = self._now()
            self._sleep(self._patience.next_poll(now, self._interval()) - now.steady)
        return ended

    def _poll(self, context: Context, key: Any, patience: Patience) -> bool | None:
        """Return whether it has ended well, or nothing if it is to be polled again here."""
        source, asked = self._source(), self._now()
        try:
            state = source.ask_one(key)
            self._announce_once(context, state)
            ended = source.ended(state)
            if ended:
                self._finish(context, key)
        except RequestError as error:
            try:
                fault = self._meaning(error, source, asked)
                if fault is None:
                    return None
                # As of now, however long it took: after the deadline Airflow ends the task.
                patience.fault(fault, self._now(), renewed_at=source.renewed_at)
            except DbtSegmentError as final:
                self._fail(context, key, final, by_airflow=self._by_airflow, cancel_on_kill=False)
            self._save_notes(patience)
            self.log.warning("Looking failed; trying again: %s", error)
            # Another process would not know since when the service refuses.
            return None if self._is_rescheduled and patience.is_confirming else False
        if ended:
            return True
        self._tell(key, source, state)
        try:
            patience.answered(self._now())
        except DbtSegmentError as final:
            self._fail(context, key, final, by_airflow=self._by_airflow, cancel_on_kill=False)
        self._save_notes(patience)
        return False

    def _meaning(
        self, error: RequestError, source: Source[Any, Any], asked: Moment
    ) -> Exception | None:
        """Return what an error means, or nothing if the connection has another token now."""
        from airflow_provider_dbtsegment.watching.renewal import Renewal

        if self._renewal is None:
            self._renewal = Renewal(source)
        return self._renewal.meaning(error, asked.steady)

    def _begin(self, context: Context) -> Patience:
        """Return how patient to be; in reschedule mode this is another process than the last."""
        from airflow_provider_dbtsegment.progress import PAUSE, Progress

        now, began = self._now(), self._began(context)
        limit, self._by_airflow = self._limit(context)
        deadline = None if limit is None else began + limit
        # The process before has told how far it is if a minute was over then.
        last_look = now.wall - float(self.poke_interval)
        told = last_look - (last_look - began) % PAUSE if last_look > began else began
        self._progress = Progress(self.log.info, last=now.steady - (now.wall - told))
        patience = self._patience_until(deadline, began)
        patience.begun(now)
        if self._is_rescheduled:
            from airflow_provider_dbtsegment.tasks.faults import NotedFaults

            self._notes = NotedFaults.of(context, self.log)
            self._notes.load(patience, now)
        return patience

    def _save_notes(self, patience: Patience) -> None:
        if self._notes is not None:
            self._notes.save(patience, self._now())

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
        pause = float(super()._get_next_poke_interval(*args, **kwargs))  # type: ignore[misc]
        if self._patience is None:
            return pause
        now = self._now()
        return self._patience.next_poll(now, pause) - now.steady

    @property
    def _is_rescheduled(self) -> bool:
        return self.mode == "reschedule" and not self.deferrable

    def _began(self, context: Context) -> float:
        """Return when the waiting began: in reschedule mode, many processes ago."""
        first = first_look(context, self.retries or 0) if self._is_rescheduled else None
        return first.timestamp() if first else time.time()

    def _limit(self, context: Context) -> tuple[float | None, bool]:
        return (self._own_limit(), False) if self._is_rescheduled else super()._limit(context)

    def _timed_out(
        self,
        context: Context,
        key: Any,
        *,
        by_airflow: bool,
        cancel_on_kill: bool,
        cancelled: bool,
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
