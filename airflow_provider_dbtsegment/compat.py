"""Everything that differs between the versions of Airflow; nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow import __version__
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseHook,
    BaseOperator,
    BaseOperatorLink,
    BaseSensorOperator,
    XCom,
    conf,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection, Context, TaskInstanceKey
    from airflow.triggers.base import TriggerEvent

    from airflow_provider_dbtsegment.launchable import Ledger

__all__ = [
    "BEGINS_IN_TRIGGERER",
    "RETURN_VALUE",
    "XCOMS_BEFORE_END",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "TaskInstanceKey",
    "XCom",
    "conf",
    "first_look",
    "get_connection",
    "is_going_on",
    "ledger_of",
    "listens_to",
    "mask_secret",
    "missing_xcoms_are_fine",
    "stats",
    "store_xcoms",
    "stores_xcoms_elsewhere",
    "succeed",
    "template_of",
    "withdraw_xcom",
]

_VERSION = tuple(int(number) for number in __version__.split(".")[:2])
#: Whether the scheduler can defer a task and the triggerer render its templates; before 3.3 it
#: does not keep what is needed for that.
BEGINS_IN_TRIGGERER = _VERSION >= (3, 3)


#: Whether a trigger that ends its task stores its XComs before that, one by one.
XCOMS_BEFORE_END = _VERSION >= (3, 0)
#: Whether Airflow warns in a task's log of each XCom that is asked for and not there.
WARNS_OF_MISSING_XCOMS = (3, 0) <= _VERSION < (3, 3)
#: Where Airflow has its masking of secrets, the newest place first.
MASKS = (
    "airflow.sdk.log",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",
)
#: The XCom that holds what a task returns.
RETURN_VALUE = "return_value"


async def get_connection(conn_id: str) -> tuple[Connection, dict[str, Any]]:
    """Return a connection and its extra; inside a triggerer this must not block the event loop."""
    try:
        from airflow.providers.common.compat.connection import (
            get_async_connection,
            get_async_extra_dejson,
        )
    except ImportError:  # common-compat before 1.22, which is not safe beside other requests
        from asgiref.sync import sync_to_async

        return await sync_to_async(_read_connection)(conn_id)
    connection = await get_async_connection(conn_id)
    return connection, await get_async_extra_dejson(connection)


def _read_connection(conn_id: str) -> tuple[Connection, dict[str, Any]]:
    connection = BaseHook.get_connection(conn_id)
    return connection, connection.extra_dejson


def mask_secret(secret: str) -> None:
    """Keep a secret out of the logs from now on."""
    # Here, because Airflow 3.0 loads its logs for it, which a DAG file does not need.
    for place in MASKS:
        try:
            mask = getattr(import_module(place), "mask_secret", None)
        except ImportError:
            continue
        if mask is not None:
            mask(secret)
            return
    raise ImportError("Airflow does not say where secrets are masked.")


def ledger_of(context: Context) -> Ledger | None:
    """Return the store that outlives the tries of a task, which Airflow has from 3.3 on."""
    values: Mapping[str, Any] = context
    return values.get("task_state_store")


def first_look(context: Context, retries: int) -> datetime | None:
    """Return when a rescheduled sensor looked first, in this try or since it was cleared."""
    task_instance: Any = context["ti"]
    if hasattr(task_instance, "get_first_reschedule_date"):
        first: datetime | None = task_instance.get_first_reschedule_date(context)
        return first
    ask: Any = vars(import_module("airflow.sensors.base"))["_orig_start_date"]
    before: datetime | None = ask(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=task_instance.map_index,
        try_number=max(1, (task_instance.max_tries or 0) - retries + 1),
    )
    return before


def listens_to(happening: str) -> bool:
    """
    Return whether a plugin listens to something that happens to tasks.

    Airflow's example of a listener, which is there where its example DAGs are, does not count.
    """
    try:
        from airflow.sdk.listener import get_listener_manager
    except ImportError:
        from airflow.listeners.listener import (  # type: ignore[assignment]
            get_listener_manager,
        )
    listeners = getattr(get_listener_manager().hook, happening).get_hookimpls()
    return not all(one.plugin_name.startswith("airflow.example_dags.") for one in listeners)


def stats() -> Any:
    """Return where the triggerer's metrics go."""
    try:
        from airflow.observability.stats import Stats
    except ImportError:
        from airflow.stats import Stats  # type: ignore[assignment]
    return Stats


def stores_xcoms_elsewhere() -> bool:
    """Return whether XComs go to a backend, which may be for workers alone."""
    try:
        from airflow.sdk.bases.xcom import BaseXCom
    except ImportError:
        from airflow.models.xcom import BaseXCom  # type: ignore[no-redef]
    return XCom is not BaseXCom


async def succeed(task_instance: Any, xcoms: Mapping[str, Any]) -> TriggerEvent:
    """
    Return the event by which a trigger ends its task, having left behind what the task does.

    From Airflow 3.0 on, what such an event carries is read as the text of its JSON; so there it is
    stored before, as a worker does.
    """
    from airflow.triggers.base import TaskSuccessEvent

    if not XCOMS_BEFORE_END:
        return TaskSuccessEvent(xcoms={**xcoms})
    await store_xcoms(task_instance, xcoms)
    return TaskSuccessEvent()


async def store_xcoms(task_instance: Any, xcoms: Mapping[str, Any]) -> None:
    """Store XComs of a deferred task in the triggerer, from Airflow 3.0 on."""
    store: Any = getattr(XCom, "aset", None)
    if store is None:
        from asgiref.sync import sync_to_async

        store = sync_to_async(XCom.set)
    for key, value in xcoms.items():
        await store(key=key, value=value, **_whose(task_instance))


@contextmanager
def missing_xcoms_are_fine() -> Iterator[None]:
    """Let a worker ask for XComs that need not be there without a warning in the task's log."""
    if not WARNS_OF_MISSING_XCOMS:
        yield
        return
    module: Any = import_module("airflow.sdk.bases.xcom")
    log = module.log
    module.log = _Quieter(log)
    try:
        yield
    finally:
        module.log = log


class _Quieter:
    """A log whose warnings are of use to those alone who look for errors in this package."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, "debug" if name == "warning" else name)


def withdraw_xcom(task_instance: Any, key: str) -> None:
    """Delete an XCom of a running task, from Airflow 3.0 on."""
    remove: Any = XCom.delete
    remove(key=key, **_whose(task_instance))


def _whose(task_instance: Any) -> dict[str, Any]:
    """Return what tells the XComs of a task from those of others."""
    return {
        "dag_id": task_instance.dag_id,
        "task_id": task_instance.task_id,
        "run_id": task_instance.run_id,
        "map_index": -1 if task_instance.map_index is None else task_instance.map_index,
    }


def template_of(value: Any) -> Any:
    """Return the template that pulls what a plain reference to an unmapped task's output means."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    return str(value) if type(value) is PlainXComArg else value


async def is_going_on(task_instance: Any) -> bool:
    """
    Return whether Airflow holds a task for deferred or running.

    `on_kill` of a trigger should come only when a person ended the task. It also comes when a
    trigger moves to another triggerer; then the task is still deferred. And it may come so late
    after a task was cleared that the next try is running already, and has taken over.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from asgiref.sync import sync_to_async

    states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    mapped = task_instance.map_index is not None and task_instance.map_index >= 0
    name = task_instance.task_id + (f"_{task_instance.map_index}" if mapped else "")
    # Where nothing is known of the task, nothing is to be cancelled.
    state = states.get(task_instance.run_id, {}).get(name, "deferred")
    return str(getattr(state, "value", state)) in ("deferred", "running")
