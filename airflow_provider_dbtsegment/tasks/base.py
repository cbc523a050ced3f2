"""What operators and sensors of both services share: one way to wait, and one way to end."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Hashable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_dbtsegment.compat import AirflowFailException
from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    EndUnknownError,
    RequestError,
    RunCancelledError,
    WaitTimeoutError,
    rebuild,
)
from airflow_provider_dbtsegment.tasks.arguments import CheckedArguments, optional_seconds
from airflow_provider_dbtsegment.tasks.limits import limit_after
from airflow_provider_dbtsegment.tasks.reasons import tell_why

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.hooks.base import Place
    from airflow_provider_dbtsegment.outcomes import End
    from airflow_provider_dbtsegment.patience import Patience
    from airflow_provider_dbtsegment.source import Source
    from airflow_provider_dbtsegment.triggers.base import WaitTrigger
    from airflow_provider_dbtsegment.watching.clock import Moment

#: Seconds for which a service may say "not ended" of what it has just called ended.
LAG = 10.0


class Waiting(CheckedArguments):
    """
    Wait for a run or a sync to end: blocking, or deferred to the triggerer.

    Both ways lead to `_ended`, which asks the service how it ended; nothing else is believed. A
    success may end the task in the triggerer, by the same code; see :mod:`.ending`.
    """

    #: Whether the task returns something.
    _has_result = True
    #: Whether Airflow may try again what a person has cancelled.
    retry_cancelled = False

    if TYPE_CHECKING:
        log: Any
        hook: Any
        deferrable: bool
        execution_timeout: timedelta | None
        timeout: Any
        fault_budget: timedelta | float | None
        end_in_triggerer: bool
        do_xcom_push: bool

        def defer(self, **kwargs: Any) -> NoReturn: ...

    def _wait(
        self, context: Context, key: Hashable, *, poll_interval: float, cancel_on_kill: bool
    ) -> Any:
        """Wait until ``key`` has ended, and return what the task returns."""
        began = time.time()
        limit, by_airflow = self._limit(context)
        deadline = None if limit is None else began + limit
        if self.deferrable:
            place = self._place()._asdict()
            trigger = self._trigger(
                key,
                poll_interval=poll_interval,
                deadline=deadline,
                began=began,
                cancel_on_kill=cancel_on_kill,
                fault_budget=self._fault_seconds(),
                by_airflow=by_airflow,
                **place,
                **self._ending(),
            )
            # The worker that goes on knows only what is written here.
            awaited = {**self._name(key), **place, "see": self._see(), "by_airflow": by_airflow}
            self.defer(trigger=trigger, method_name="execute_complete", kwargs={"awaited": awaited})
        from airflow_provider_dbtsegment.watch import wait_blocking

        try:
            wait_blocking(
                self._source(),
                key,
                interval=poll_interval,
                patience=self._patience_until(deadline, began),
                on_change=lambda label, _: self.log.info("%s is %s.", self._subject(key), label),
                on_progress=self.log.info,
                sleep=self._sleep,
            )
        except DbtSegmentError as error:
            self._fail(context, key, error, by_airflow=by_airflow, cancel_on_kill=cancel_on_kill)
        return self._end(context, key)

    def _ending(self) -> dict[str, bool]:
        """Return how a success is to end the task."""
        from airflow_provider_dbtsegment.tasks.ending import why_a_worker_ends

        reason = why_a_worker_ends(self)
        self.log.debug("Why a worker is to end this task: %s", reason)
        pushes = bool(self.do_xcom_push and self._has_result)
        return {"end_in_triggerer": reason is None, "push_result": pushes}

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any] | None = None,
        awaited: dict[str, Any] | None = None,
    ) -> Any:
        """
        Go on after the trigger.

        :param event: What the trigger says.
        :param awaited: What it was to wait for; a task deferred by an older version does not know.
        """
        try:
            return self._complete(context, event, awaited)
        finally:
            self._close()

    def _complete(
        self, context: Context, event: dict[str, Any] | None, awaited: dict[str, Any] | None
    ) -> Any:
        from airflow_provider_dbtsegment.tasks.events import key_of

        try:
            key = key_of(self, event, awaited)
            self._check_place(key, awaited, event)
        except DbtSegmentError as error:
            self._raise(error)
        if event and "error" in event:
            known = awaited or {"by_airflow": self._limit(context)[1]}
            self._fail(
                context,
                key,
                rebuild(str(event["error"]), str(event.get("message"))),
                by_airflow=known.get("by_airflow") is True,
                cancel_on_kill=event.get("cancel_on_kill") is True,
                cancelled=event.get("cancelled") is True,
            )
        return self._end(context, key)

    def _end(self, context: Context, key: Any) -> Any:
        try:
            return self._survive(context, key)
        except DbtSegmentError as error:
            self._raise(error)

    def _check_place(self, key: Any, *records: Mapping[str, Any] | None) -> None:
        """
        Check that the connection still points to where something was awaited.

        :param records: What the worker that deferred the task has noted, and the trigger's event.
        :raises ConnectionMovedError: When it does not: an id means nothing elsewhere.
        """
        noted = next((record for record in records if record and record.get("origin")), None)
        if noted is None:
            return
        from airflow_provider_dbtsegment.hooks.base import Place, moved

        place = self._place()
        known = Place(str(noted["origin"]), noted.get("account") or place.account)
        if known != place:
            raise moved(self._subject(key), known, place, self.hook.conn_id)

    def _survive(self, context: Context, key: Any) -> Any:
        """Fetch the end until there is an answer: faults are survived as in the waiting."""
        from airflow_provider_dbtsegment.watching.renewal import Renewal

        source, patience = self._source(), self._patience_until(None, 0.0)
        renewal, began = Renewal(source), self._now()
        while True:
            asked = self._now()
            try:
                return self._finish(context, key)
            except EndUnknownError as error:
                if self._now().steady - began.steady >= LAG:
                    raise
                self.log.info("%s Asking again.", error)
            except RequestError as error:
                try:
                    fault = renewal.meaning(error, asked.steady)
                    if fault is None:
                        continue
                    patience.fault(fault, self._now(), renewed_at=source.renewed_at)
                except DbtSegmentError as final:
                    raise self._told(key, final) from final
                self.log.warning("Asking how it ended failed; trying again: %s", error)
            self._sleep(min(self._interval(), LAG))

    def _fail(
        self,
        context: Context,
        key: Any,
        error: DbtSegmentError,
        *,
        by_airflow: bool,
        cancel_on_kill: bool,
        cancelled: bool = False,
    ) -> NoReturn:
        """
        End the task because the waiting failed, whatever has become of what was waited for.

        :param by_airflow: Whether the deadline was that of Airflow's `execution_timeout`.
        :param cancelled: Whether the trigger has cancelled what was waited for.
        """
        if isinstance(error, WaitTimeoutError):
            self._timed_out(
                context,
                key,
                by_airflow=by_airflow,
                cancel_on_kill=cancel_on_kill,
                cancelled=cancelled,
            )
        self._raise(self._told(key, error))

    def _told(self, key: Any, error: DbtSegmentError) -> DbtSegmentError:
        """Return an error of the waiting that names what was waited for."""
        told = rebuild(type(error).__name__, f"Waiting for {self._subject(key)} failed: {error}")
        told.__cause__ = error
        return told

    def _raise(self, error: DbtSegmentError) -> NoReturn:
        """End the task; Airflow tries again what a person has cancelled only if that is wanted."""
        tell_why(error, self.log)
        by_a_person = isinstance(error, RunCancelledError) and error.by not in ("us", "service")
        if by_a_person and not self.retry_cancelled:
            raise AirflowFailException(str(error)) from None
        raise error

    def _limit(self, context: Context) -> tuple[float | None, bool]:
        """Return for how many seconds to wait at most, and whether Airflow's own limit decides."""
        start_date = getattr(context["ti"], "start_date", None)
        return self._limit_after(time.time() - start_date.timestamp() if start_date else 0.0)

    def _limit_after(self, spent: float) -> tuple[float | None, bool]:
        """Return the same for a task that began so many seconds ago."""
        return limit_after(spent, self._own_limit(), self.execution_timeout)

    def _own_limit(self) -> float | None:
        """Return for how many seconds the user lets it wait."""
        return optional_seconds(self.timeout, "timeout")

    def _fault_seconds(self) -> float | None:
        """Return for how many seconds the service may be out of reach; `None` is for ever."""
        return optional_seconds(self.fault_budget, "fault_budget")

    def _patience_until(self, deadline: float | None, began: float) -> Patience:
        from airflow_provider_dbtsegment.patience import Patience

        budget = self._fault_seconds()
        return Patience(deadline, began, math.inf if budget is None else budget)

    @staticmethod
    def _now() -> Moment:
        """Return this moment, by the wall clock and by the monotonic one."""
        from airflow_provider_dbtsegment.watching.clock import Clock

        return Clock().now()

    def _sleep(self, seconds: float) -> None:
        """Sleep; those who can be killed stop sleeping then."""
        time.sleep(seconds)

    def _timed_out(
        self,
        context: Context,
        key: Any,
        *,
        by_airflow: bool,
        cancel_on_kill: bool,
        cancelled: bool,
    ) -> None:
        """Do what is due when the waiting took too long."""

    def _place(self) -> Place:
        """Return the service and the account that the connection points to."""
        place: Place = self.hook.place_in(self.hook.settings)
        return place

    @abstractmethod
    def _interval(self) -> float:
        """Return the seconds between looks."""

    def _finish(self, context: Context, key: Any) -> Any:
        """
        Ask how it ended; return the task's result or raise why it failed.

        :raises RequestError: When it cannot be asked.
        """
        end = self._ended(key)
        for name, value in end.xcoms.items():
            context["ti"].xcom_push(key=name, value=value)
        if end.failure is not None:
            raise end.failure
        return end.result

    @abstractmethod
    def _ended(self, key: Any) -> End:
        """Ask how it ended."""

    def _close(self) -> None:
        """Close the connections."""
        for name in ("hook", "_looking"):
            if name in self.__dict__:
                getattr(self, name).close()

    @abstractmethod
    def _trigger(self, key: Any, **kwargs: Any) -> WaitTrigger[Any, Any]: ...

    @abstractmethod
    def _source(self) -> Source[Any, Any]:
        """Return whom to ask; each look is one request, and the waiting decides about faults."""

    @abstractmethod
    def _subject(self, key: Any) -> str:
        """Return what is waited for, for the log."""

    @abstractmethod
    def _see(self) -> str:
        """Return where a person sees it, as far as that is known."""

    @abstractmethod
    def _name(self, key: Any) -> dict[str, Any]:
        """Return the ids of what is waited for, as the trigger's event has them."""

    @abstractmethod
    def _key_in(self, ids: Mapping[str, Any]) -> Any:
        """Return what ids name, or `None` if they name nothing."""
