"""What both triggers share: wait by the process's watcher, end the task or wake a worker."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Hashable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_dbtsegment.compat import RETURN_VALUE, connection_scope, stats, succeed
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    ConnectionMovedError,
    DbtSegmentError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.hooks.base import Place, moved
from airflow_provider_dbtsegment.outcomes import End
from airflow_provider_dbtsegment.patience import FAULT_BUDGET, Patience
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.triggers import cancelling, expiring
from airflow_provider_dbtsegment.triggers.announcing import Announcement
from airflow_provider_dbtsegment.triggers.beginning import began_at, rendering_context
from airflow_provider_dbtsegment.triggers.cancelling import Cancelling
from airflow_provider_dbtsegment.triggers.connections import renewed, resolved
from airflow_provider_dbtsegment.triggers.expiring import cancelled_in_time
from airflow_provider_dbtsegment.triggers.finishing import ask_how_it_ended, can_be_stored
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching.meter import StatsMeter

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.base import ConnectionHook

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")


def _event(payload: dict[str, Any]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]


class WaitTrigger(BaseTrigger, Generic[K, S]):
    """
    Wait until something has ended.

    A success can end the task here, with the XComs that a worker would push. Otherwise the event
    names what was waited for and, if the waiting failed, how: it never says how the thing itself
    ended. The worker asks the service for that.

    :param poll_interval: Seconds between looks.
    :param deadline: Seconds since the epoch after which the waiting fails; `None` waits for ever.
    :param began: When the waiting began, in seconds since the epoch.
    :param cancel_on_kill: Cancel the thing when a person ends the deferred task (Airflow 3.3).
    :param fault_budget: Seconds in a row for which the service may be out of reach; `None` lets
        only the deadline end that. Triggers of older versions come without it.
    :param end_in_triggerer: Whether a success may end the task here.
    :param push_result: Whether that leaves behind what the task returns.
    :param begins: For a task that begins here: after how many seconds the waiting fails
        (``limit``), and Airflow itself ends it (``whole``). Its templates are rendered here; where
        they cannot be, or make no sense, a worker begins.
    :param origin: Scheme, host and port of the service where it was begun. If the connection points
        elsewhere the wait ends: an id means nothing there. `None` takes what the connection says.
    :param account: The account there, likewise.
    :param by_airflow: Whether the deadline is that of the task's `execution_timeout`. Then, with
        ``cancel_on_kill``, the thing is cancelled here, since a worker may not be free in time.
    """

    #: The service, for metrics.
    service = ""
    #: Set by Airflow.
    timeout_after: datetime | None = None
    #: Why the templates could not be rendered, if so.
    _unrendered: Exception | None = None

    def __init__(
        self,
        *,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool,
        fault_budget: float | None = FAULT_BUDGET,
        end_in_triggerer: bool = False,
        push_result: bool = False,
        begins: Mapping[str, float | None] | None = None,
        origin: str | None = None,
        account: int | None = None,
        by_airflow: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.began = began
        self.cancel_on_kill = cancel_on_kill
        self.fault_budget = fault_budget
        self.end_in_triggerer = end_in_triggerer
        self.push_result = push_result
        self.begins = begins
        self.origin = origin
        self.account = account
        self.by_airflow = by_airflow

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what is needed to make this trigger again."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        common = {
            "poll_interval": self.poll_interval,
            "deadline": self.deadline,
            "began": self.began,
            "cancel_on_kill": self.cancel_on_kill,
            "fault_budget": self.fault_budget,
            "end_in_triggerer": self.end_in_triggerer,
            "push_result": self.push_result,
            "begins": self.begins,
            "origin": self.origin,
            "account": self.account,
            "by_airflow": self.by_airflow,
        }
        return path, {**self._own_arguments(), **common}

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render the templates of a task that begins here; what goes wrong is told by `run`."""
        if self.begins is not None:
            try:
                there: Any = rendering_context(context)
                super().render_template_fields(there, jinja_env)
            except Exception as error:
                self._unrendered = error
        # Airflow gives each trigger a copy of its whole DAG, which nobody needs any more.
        context["ti"].task = None
        context.clear()

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and end the task or wake a worker."""
        try:
            self._begin()
        except Exception as error:
            yield self._not_begun(error)
            return
        subject = self._subject()
        announcement = Announcement(self.log)
        event: TriggerEvent | None = None
        try:
            watcher = await self._watcher()

            def changed(label: str, state: S) -> None:
                self.log.info("%s is %s.", subject, label)
                if self.begins is not None and self.trigger_id is not None:
                    xcoms = self._announced(watcher.source.api, state)
                    announcement.begin(self.task_instance, xcoms)

            with watcher:
                try:
                    state = await watcher.wait(
                        self._key(),
                        interval=self.poll_interval,
                        patience=self._patience(),
                        on_change=changed,
                        on_progress=self.log.info,
                        at_once=self.begins is not None,
                    )
                except WaitTimeoutError as error:
                    self.log.info("Waiting for %s ended: %s", subject, error)
                    event = await self._timed_out(watcher, error)
                else:
                    event = await self._success(watcher, state, announcement)
        except DbtSegmentError as error:
            not_yet = not isinstance(error, ConnectionMovedError)
            if self.begins is not None and isinstance(error, ConfigurationError) and not_yet:
                event = self._not_begun(error)
            else:
                self.log.info("Waiting for %s ended: %s", subject, error)
                event = self._failed(error)
        finally:
            announcement.end()
        yield event or _event(self._ids())

    def _ids(self) -> dict[str, Any]:
        """Return what an event says of what was waited for."""
        if self.begins is None:
            return self._name()
        # Nobody else has noted where that was.
        return {**self._name(), "origin": self.origin, "account": self.account}

    def _failed(self, error: DbtSegmentError, **facts: bool) -> TriggerEvent:
        failure = {"error": type(error).__name__, "message": str(error)}
        return _event({**self._ids(), **failure, "cancel_on_kill": self.cancel_on_kill, **facts})

    async def _timed_out(self, watcher: Watcher[K, S], error: WaitTimeoutError) -> TriggerEvent:
        """Return the event of a time-out, after cancelling if Airflow is about to end the task."""
        if not (self.by_airflow and self.cancel_on_kill and self.deadline is not None):
            return self._failed(error)
        hook = watcher.source.api.twin(max_attempts=expiring.CANCEL_ATTEMPTS)
        try:
            cancelled = await cancelled_in_time(
                watcher,
                self.task_instance,
                self.deadline,
                lambda: self._cancel(hook),
                self._subject(),
                self.log,
            )
        finally:
            hook.close()
        return self._failed(error, **({"cancelled": True} if cancelled else {}))

    async def _watcher(self) -> Watcher[K, S]:
        """Return who asks for all that use this connection; nothing else of it is kept."""
        scope = connection_scope(self.task_instance)
        hook = await resolved(
            self._hook(),
            self._patience(),
            self.poll_interval,
            self.log,
            scope,
            was_right=self.begins is None,
        )
        place = self._check_place(hook)
        # Not the token: one that is replaced is replaced for all who wait.
        watcher = Watcher.shared(
            (type(hook), hook.conn_id, scope, place),
            lambda: self._source(hook.twin()),
            StatsMeter(stats(), self.service),
            lambda source: renewed(source.api, scope, self._place),
        )
        watcher.source.api.use_settings(hook.settings)
        return watcher

    def _check_place(self, hook: ConnectionHook[Any]) -> Place:
        """
        Return the service and account that a connection points to.

        :raises ConnectionMovedError: When what is waited for is elsewhere.
        """
        place = self._place(hook)
        known = Place(self.origin or place.origin, self.account or place.account)
        if known != place:
            raise moved(self._subject(), known, place, hook.conn_id)
        self.origin, self.account = place
        return place

    def _place(self, hook: ConnectionHook[Any]) -> Place:
        return hook.place_in(hook.settings)

    def _cancel_here(self, hook: ConnectionHook[Any]) -> None:
        """Cancel by a connection that was read just now."""
        self._check_place(hook)
        self._cancel(hook)

    def _begin(self) -> None:
        """Begin as a task does: with its times, and with arguments that make sense."""
        if self.begins is None:
            return
        if self._unrendered is not None:
            raise self._unrendered
        self.began = began_at(self.timeout_after, self.begins["whole"] or 0.0)
        limit = self.begins["limit"]
        self.deadline = None if limit is None else self.began + limit
        self._check()

    def _not_begun(self, error: Exception) -> TriggerEvent:
        """Return the event after which a worker begins, and says what is wrong if it is still."""
        self.log.info("A worker is to begin: %s", error)
        return _event({"begin": "in a worker", "because": str(error)})

    async def _success(
        self, watcher: Watcher[K, S], state: S, announcement: Announcement
    ) -> TriggerEvent | None:
        """Return the event of a success that ends the task here; nothing if a worker is to."""
        # Without an id it is no triggerer that runs this: nothing there could end the task.
        if not self.end_in_triggerer or self.trigger_id is None or not self._is_well(state):
            return None
        end = await ask_how_it_ended(
            watcher, lambda: self._ended(watcher.source.api, state), self.poll_interval, self.log
        )
        if end is None or end.failure is not None:
            return None
        xcoms = {**await announcement.missing(), **end.xcoms}
        if self.push_result:
            xcoms[RETURN_VALUE] = end.result
        try:
            return await succeed(self.task_instance, xcoms) if can_be_stored(xcoms) else None
        except Exception as error:
            self.log.warning("A worker is to end the task; its XComs were not stored: %s", error)
            return None

    def _patience(self) -> Patience:
        budget = math.inf if self.fault_budget is None else self.fault_budget
        return Patience(self.deadline, self.began, budget)

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
        cancellation = Cancelling(
            self.task_instance,
            self._subject(),
            lambda: self._hook(max_attempts=cancelling.CANCEL_ATTEMPTS),
            self._cancel_here,
            self.log,
        )
        await cancellation.begun()

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

    def _key(self) -> K:
        raise NotImplementedError

    def _check(self) -> None:
        """
        Check rendered arguments.

        :raises Exception: When they make no sense; the worker that begins then says so.
        """
        raise NotImplementedError

    def _is_well(self, state: S) -> bool:
        """Return whether the last state may stand for a success."""
        raise NotImplementedError

    def _ended(self, api: Any, state: S) -> End:
        """Ask how it ended, in a thread."""
        raise NotImplementedError

    def _announced(self, api: Any, state: S) -> dict[str, Any]:
        """Return the XComs that a worker pushes at its first look, for a task that begins here."""
        return {}

    def _cancel(self, hook: Any) -> None:
        raise NotImplementedError
