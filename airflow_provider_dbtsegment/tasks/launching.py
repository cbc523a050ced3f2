"""What the operators of both services share: start once, wait, cancel when killed."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from abc import abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import (
    dag_run_was_cleared,
    deployment_ids,
    first_attempt_began,
    is_current_attempt,
    is_task_timeout,
    previous_attempt_ended,
    state_store_of,
    task_state,
)
from airflow_provider_dbtsegment.exceptions import (
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.tasks.arguments import optional_seconds
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.launching.protocol import Attempt, Launch
    from airflow_provider_dbtsegment.launching.record import LaunchRecords, Record
    from airflow_provider_dbtsegment.tasks.cancellation import Cancellation

#: The longest sleep, in seconds, after which a task notices that it was killed.
MAX_NAP = 0.5
#: How often each request of a cancellation is sent.
CANCEL_ATTEMPTS = 3
#: The prefix of the keys of launch records in the task state store, and the longest key.
RECORD_KEY = "dbtsegment_launch:"
MAX_KEY = 400
#: How many executions within attempts are counted.
MAX_COUNTED = 1000
#: What a template contains that renders otherwise in another attempt or at another time.
_VARYING = re.compile(
    r"\{[{%](?:(?!\}\}|%\}).)*?"
    r"\b(try_number|now|utcnow|today|time|uuid\w*|random|start_date|hostname|pid)\b",
    re.DOTALL,
)

#: How often an operator has executed the same work within an attempt.
_executions: OrderedDict[str, Counter[str]] = OrderedDict()


class Launching(Waiting):
    """Start something once per task instance, wait for it, and cancel it if the task is killed."""

    if TYPE_CHECKING:
        task_id: str
        cancel_on_kill: bool
        poll_interval: timedelta | float
        start_timeout: timedelta | float | None
        retries: Any

    _killed = False
    #: The arguments whose templates render otherwise in each attempt.
    _varying: frozenset[str] = frozenset()
    #: How to cancel what this process has started; `None` before that, and for what it reuses.
    _cancellation: Cancellation | None = None

    def _check_literals(self) -> None:
        # Once templates are rendered, nothing tells which of them would render otherwise.
        self._varying = _varying_templates(self._given())
        super()._check_literals()

    def on_kill(self) -> None:
        """Cancel what was started, if that is wanted and a person has ended the task."""
        if is_task_timeout(sys.exc_info()[1]):
            # Airflow's own limit has passed in this process, which then goes on to fail.
            self._on_execution_timeout()
            return
        if not self.cancel_on_kill:
            return
        self._killed = True
        if self._cancellation is not None:
            self._cancellation.from_signal_handler()

    def _on_execution_timeout(self) -> None:
        if self.cancel_on_kill and self._cancellation is not None:
            self._cancellation.at_execution_timeout()

    def _launch(
        self,
        context: Context,
        work: Any,
        attempt: Attempt,
        key_of: Callable[[Any], Any],
        *,
        find: Callable[[], Any] | None = None,
        waits: bool = True,
        **options: Any,
    ) -> Launch[Any]:
        """
        Start once, and be ready to be killed all the while.

        :param work: What is started.
        :param key_of: Makes of the id of what was started the key of its wait.
        :param find: Returns what was started for this attempt and is running, with connections of
            its own; for a kill that comes before the answer to the start.
        :param waits: Whether the task waits for the outcome.
        :param options: See :class:`.LaunchOptions`.
        """
        from airflow_provider_dbtsegment.launching.launch import launch_once
        from airflow_provider_dbtsegment.launching.protocol import LaunchOptions, Origin
        from airflow_provider_dbtsegment.launching.record import LaunchRecords

        self._cancellation = self._new_cancellation(context, find)
        self._stop_if_killed()
        launch = launch_once(
            work,
            attempt,
            LaunchRecords(attempt.store, attempt.store_key, attempt.deployments),
            LaunchOptions(
                retry_cancelled=self.retry_cancelled,
                cancel_on_kill=self.cancel_on_kill,
                waits=waits,
                ends_in_triggerer=waits and self.deferrable and self._ending()["end_in_triggerer"],
                start_timeout=self._start_seconds(context),
                **options,
            ),
            log=self.log,
            sleep=self._sleep,
        )
        key = key_of(launch.id)
        if launch.origin is Origin.REUSED:
            # What somebody else has started is not ours to cancel.
            self._cancellation = None
        else:
            self._cancellation.key = key
            if self._killed:
                self._cancellation.after_signal(key)
        self._stop_if_killed()
        return launch

    def _follow(self, context: Context, launch: Launch[Any], key: Any) -> Any:
        """Wait for what was started."""
        from airflow_provider_dbtsegment.launching.protocol import Origin

        if launch.origin is Origin.SUCCEEDED:
            return self._end(context, key)
        self._stop_if_killed()
        return self._wait(
            context,
            key,
            poll_interval=self._interval(),
            cancel_on_kill=self.cancel_on_kill and self._cancellation is not None,
        )

    def _interval(self) -> float:
        return optional_seconds(self.poll_interval, "poll_interval") or 30.0

    def _start_seconds(self, context: Context) -> float:
        """Return for how many seconds a start may wait for its turn."""
        from airflow_provider_dbtsegment.launching.protocol import START_TIMEOUT

        limit, _ = self._limit(context)
        own = optional_seconds(self.start_timeout, "start_timeout") or START_TIMEOUT
        return own if limit is None else min(own, limit)

    def _attempt(self, context: Context, key: str, content: Mapping[str, Any]) -> Attempt:
        """
        Return this attempt as the launch code needs it.

        :param key: The name of the work.
        :param content: What determines the work beyond that.
        """
        from airflow_provider_dbtsegment.launching.marker import Marker, work_digest
        from airflow_provider_dbtsegment.launching.protocol import Attempt
        from airflow_provider_dbtsegment.launching.record import deployment_name

        ids = deployment_ids()
        instance: Any = context["ti"]
        is_itself = self.task_id == instance.task_id
        execution = self._count_execution(instance, key)
        max_tries = instance.max_tries or 0
        first = max(1, max_tries - (self.retries or 0) + 1)
        marker = Marker.create(
            [*_instance_names(instance), self.task_id, key, execution],
            attempt=instance.try_number,
            max_tries=max_tries,
            digest=work_digest(content),
            deployment_ids=ids,
        )
        return Attempt(
            marker,
            store=state_store_of(context),
            store_key=self._record_key(),
            execution=execution,
            may_be_cleared=instance.try_number > 1 and instance.try_number == first,
            is_only_launch=is_itself,
            is_current=lambda: is_current_attempt(instance),
            first_attempt_began=first_attempt_began(context),
            previous_attempt_ended=previous_attempt_ended(instance),
            dag_run_was_cleared=dag_run_was_cleared(context),
            deployments=tuple(map(deployment_name, ids)),
        )

    def _count_execution(self, instance: Any, key: str) -> int:
        """Return how often this operator has executed the same work within the attempt before."""
        name = "/".join(str(part) for part in (*_instance_names(instance), instance.try_number))
        counts = _executions.setdefault(name, Counter())
        _executions.move_to_end(name)
        while len(_executions) > MAX_COUNTED:
            _executions.popitem(last=False)
        execution = counts[f"{self.task_id}/{key}"]
        counts[f"{self.task_id}/{key}"] += 1
        return execution

    def _record_key(self) -> str:
        key = RECORD_KEY + self.task_id
        if len(key) <= MAX_KEY:
            return key
        return RECORD_KEY + hashlib.sha256(self.task_id.encode()).hexdigest()

    def _records(self, context: Context) -> LaunchRecords:
        from airflow_provider_dbtsegment.launching.record import LaunchRecords, deployment_name

        deployments = tuple(map(deployment_name, deployment_ids()))
        return LaunchRecords(state_store_of(context), self._record_key(), deployments)

    def _survive(self, context: Context, key: Any) -> Any:
        try:
            ended = super()._survive(context, key)
        except RunFailedError as error:
            self._cancellation = None
            # Whatever it was, this attempt has used the outcome: a later one starts another run.
            record = self._note_use(context, key, "failure")
            if isinstance(error, RunCancelledError) and self._cancelled_itself(context, record):
                message = f"{error}\nThe task itself had cancelled it."
                raise RunCancelledError(message, "us") from error
            raise
        self._cancellation = None
        self._note_use(context, key, "success")
        return ended

    def _note_use(self, context: Context, key: Any, use: str) -> Record | None:
        """Write down that this attempt ends by the outcome; return the launch record."""
        from dataclasses import replace

        if state_store_of(context) is None:
            return None
        records = self._records(context)
        try:
            records.read()
        except Exception as error:
            self.log.warning("%s", error)
            return None
        found = records.of_id(self._id_of(key))
        if found is None:
            return None
        name, record = found
        records.write_quietly(name, replace(record, used=use), self.log)
        return record

    def _cancelled_itself(self, context: Context, record: Record | None) -> bool:
        from airflow_provider_dbtsegment.launching.record import was_cancelled_by_us

        return was_cancelled_by_us(state_store_of(context), record)

    def _timed_out(
        self,
        context: Context,
        key: Any,
        *,
        by_airflow: bool,
        cancel_on_kill: bool,
        cancelled: bool,
    ) -> None:
        """Cancel at the execution time-out, as a kill does; at `timeout` a later attempt adopts."""
        if cancel_on_kill and by_airflow:
            cancellation = self._new_cancellation(context, None)
            cancellation.key = key
            # What the trigger has cancelled is only recorded.
            cancellation.done = cancelled
            cancellation.at_execution_timeout()

    def _new_cancellation(self, context: Context, find: Callable[[], Any] | None) -> Cancellation:
        from airflow_provider_dbtsegment.launching.record import record_cancellation
        from airflow_provider_dbtsegment.tasks.cancellation import Cancellation

        instance: Any = context["ti"]
        store = state_store_of(context)

        def record(key: Any) -> bool:
            if store is None:
                return False
            records = self._records(context)
            try:
                records.read()
            except Exception:
                return False
            found = records.of_id(self._id_of(key)) or records.newest()
            return record_cancellation(store, found[1] if found else None)

        return Cancellation(
            describe=self._subject,
            cancel=self._canceller(),
            find=find,
            state=lambda: task_state(instance),
            record=record,
            is_current=lambda: store is None and is_current_attempt(instance),
            log=self.log,
        )

    def _sleep(self, seconds: float) -> None:
        """Sleep, but no longer after a kill: a signal handler returns, and Airflow waits 5 s."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, MAX_NAP))
            self._stop_if_killed()
        self._stop_if_killed()

    def _stop_if_killed(self) -> None:
        if self._killed:
            raise RunFailedError("The task's process was told to stop.")

    def _fixed(self, names: Collection[str]) -> list[str]:
        """Return the arguments whose templates render the same in each attempt."""
        return [name for name in names if name not in self._varying]

    @abstractmethod
    def _id_of(self, key: Any) -> Any:
        """Return the id of what was started, from the key of its wait."""

    @abstractmethod
    def _canceller(self) -> Callable[[Any], object]:
        """Return what cancels, with connections of its own."""


def _varying_templates(values: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of arguments whose templates contain the attempt or the current time."""

    def varies(value: Any) -> bool:
        if isinstance(value, str):
            return bool(_VARYING.search(value))
        if isinstance(value, Mapping):
            return any(map(varies, value.values()))
        return isinstance(value, (list, tuple)) and any(map(varies, value))

    return frozenset(name for name, value in values.items() if varies(value))


def _instance_names(instance: Any) -> list[str | int]:
    map_index = instance.map_index if instance.map_index is not None else -1
    return [instance.dag_id, instance.run_id, instance.task_id, map_index]
