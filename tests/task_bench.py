"""
Run one task as Airflow would, without Airflow's processes.

Deferral, the trigger's serialisation, its event and the resumption are real; only the task
instance, which keeps the XComs, is ours. Whole Airflows run DAGs in `tests/demo`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat import sdk
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from airflow_provider_dbtsegment.launching.record import CANCEL_KEY
from airflow_provider_dbtsegment.tasks import launching
from airflow_provider_dbtsegment.tasks.beginning import why_a_worker_begins
from airflow_provider_dbtsegment.triggers import announcing
from airflow_provider_dbtsegment.triggers import base as triggers


class Ledger(dict[str, Any]):
    """Airflow's task state store."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    @property
    def has_a_cancellation(self) -> bool:
        """Whether an attempt has written down that it cancels what it waits for."""
        return any(key.startswith(CANCEL_KEY) for key in self)


@dataclass
class TaskInstance:
    """What operators and sensors use of a task instance."""

    dag_id: str = "a_dag"
    task_id: str = "a_task"
    run_id: str = "manual__1"
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    xcoms: dict[str, Any] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def start_date(self) -> datetime:
        return self.began

    @property
    def id(self) -> UUID:
        """What Airflow gives a task instance when the attempt before ends: here, an hour ago."""
        milliseconds = int((time.time() - 3600) * 1000)
        return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def xcom_pull(self, *, key: str, **whose: Any) -> Any:
        return self.xcoms.get(key)

    def get_first_reschedule_date(self, context: Any) -> datetime:
        return self.began


@dataclass
class Ended:
    """How a task ended, and how many processes of workers it took."""

    state: str
    value: Any
    message: str
    error: BaseException | None
    xcoms: dict[str, Any]
    deferrals: int
    reschedules: int
    workers: int


class Deferral(NamedTuple):
    """A trigger, and how to go on after it."""

    trigger: BaseTrigger
    method_name: str
    kwargs: dict[str, Any]


def run_task(
    task: Any,
    instance: TaskInstance | None = None,
    ledger: Ledger | None = None,
    *,
    begins_in_triggerer: bool = False,
) -> Ended:
    """Run a task to its end, through all deferrals and reschedules."""
    # Each attempt runs in a process of its own.
    launching._executions.clear()
    instance = instance or TaskInstance(task_id=task.task_id)
    context: Any = {"ti": instance, "params": {}, "task": task}
    if ledger is not None:
        context["task_state_store"] = ledger
    counts = {"deferrals": 0, "reschedules": 0, "workers": 0}
    state, value, error = "success", None, None
    with outside_the_task_runner():
        try:
            first = begun(task, context) if begins_in_triggerer else None
            value = _run(task, context, counts, first)
        except sdk.AirflowSkipException as caught:
            state, error = "skipped", caught
        except (sdk.AirflowFailException, sdk.AirflowSensorTimeout) as caught:
            state, error = "failed without retries", caught
        except Exception as caught:
            state, error = "failed", caught
    return Ended(state, value, str(error or ""), error, instance.xcoms, **counts)


def _run(task: Any, context: Any, counts: dict[str, int], deferral: Deferral | None) -> Any:
    # What another process has of the task: how it was made, and nothing of what it has done.
    pristine = task.prepare_for_execution()
    made, event = task, None
    while True:
        try:
            if deferral is None:
                counts["workers"] += 1
                return made.execute(context)
            counts["deferrals"] += 1
            event = asyncio.run(first_end(deferral.trigger))
            if isinstance(event, TaskSuccessEvent):
                return context["ti"].xcoms.get("return_value")
            # Another process goes on.
            counts["workers"] += 1
            resumed = pristine.prepare_for_execution()
            kwargs = {**deferral.kwargs, "event": event.payload}
            return resumed.resume_execution(deferral.method_name, kwargs, context)
        except AirflowRescheduleException as pause:
            counts["reschedules"] += 1
            # Another process takes the next look.
            made = pristine.prepare_for_execution()
            time.sleep(
                max(0.0, (pause.reschedule_date - datetime.now(timezone.utc)).total_seconds())
            )
        except sdk.TaskDeferred as deferred:
            trigger = again(deferred.trigger)
            # As a triggerer does.
            trigger.trigger_id = 1
            trigger.task_instance = context["ti"]
            deferral = Deferral(trigger, deferred.method_name, deferred.kwargs or {})


def begun(task: Any, context: Any) -> Deferral:
    """Return what the scheduler makes of a task that begins in the triggerer."""
    assert task.start_from_trigger, why_a_worker_begins(task)
    args = task.start_trigger_args
    module, name = args.trigger_cls.rsplit(".", 1)
    trigger = getattr(import_module(module), name)(**json.loads(json.dumps(args.trigger_kwargs)))
    instance = context["ti"]
    trigger.trigger_id = 1
    trigger.timeout_after = instance.start_date + (args.timeout or task.execution_timeout)
    names = ("dag_id", "task_id", "run_id", "map_index", "xcom_push")
    known = {name: getattr(instance, name) for name in names}
    trigger.task_instance = SimpleNamespace(task=task, **known)
    trigger.render_template_fields({**context, "ti": trigger.task_instance, "dag": None})
    return Deferral(trigger, args.next_method, args.next_kwargs)


def again(trigger: BaseTrigger) -> BaseTrigger:
    """Return a trigger as the triggerer makes it again from what was serialised."""
    path, kwargs = trigger.serialize()
    module, name = path.rsplit(".", 1)
    made: BaseTrigger = getattr(import_module(module), name)(**kwargs)
    assert made.serialize() == (path, kwargs)
    return made


async def first_event(trigger: BaseTrigger) -> Any:
    """Return the payload of a trigger's event."""
    return (await first_end(trigger)).payload


async def first_end(trigger: BaseTrigger) -> TriggerEvent:
    """Return a trigger's event."""
    async for event in trigger.run():
        return event
    raise AssertionError("The trigger ended without an event.")


@contextmanager
def outside_the_task_runner() -> Iterator[None]:
    try:
        from airflow.sdk.bases.operator import ExecutorSafeguard
    except ImportError:
        from airflow.models.baseoperator import ExecutorSafeguard
    sentinel = getattr(ExecutorSafeguard, "_sentinel", None)
    if sentinel is not None and not hasattr(sentinel, "callers"):
        # Airflow 2 prepares one thread only.
        sentinel.callers = {}
    with (
        patch.object(ExecutorSafeguard, "test_mode", True),
        patch.object(triggers, "succeed", _succeed),
        patch.object(announcing, "store_xcoms", _store_xcoms),
    ):
        yield


async def _succeed(task_instance: Any, xcoms: Mapping[str, Any]) -> TriggerEvent:
    await _store_xcoms(task_instance, xcoms)
    return TaskSuccessEvent()


async def _store_xcoms(task_instance: Any, xcoms: Mapping[str, Any]) -> None:
    for key, value in json.loads(json.dumps(xcoms)).items():
        task_instance.xcom_push(key, value)
