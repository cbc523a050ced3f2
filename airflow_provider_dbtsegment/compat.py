"""Everything that differs between the versions of Airflow; nowhere else."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

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

    from airflow_provider_dbtsegment.launching.protocol import StateStore

__all__ = [
    "BEGINS_IN_TRIGGERER",
    "ENDED_STATES",
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
    "connection_scope",
    "dag_run_was_cleared",
    "deployment_ids",
    "first_attempt_began",
    "first_look",
    "forget_connection",
    "get_connection",
    "is_current_attempt",
    "is_deferred",
    "is_task_timeout",
    "listens_to",
    "mask_secret",
    "missing_xcoms_are_fine",
    "previous_attempt_ended",
    "state_store_of",
    "stats",
    "store_xcoms",
    "stores_xcoms_elsewhere",
    "succeed",
    "task_state",
    "template_of",
    "trigger_timed_out",
]

log = logging.getLogger(__name__)

_VERSION = tuple(int(number) for number in __version__.split(".")[:2])
#: Whether the scheduler can defer a task and the triggerer render its templates; before 3.3 it
#: does not keep what is needed for that.
BEGINS_IN_TRIGGERER = _VERSION >= (3, 3)


#: States in which nobody waits for a task's run any more: a person has ended or cleared the task.
ENDED_STATES = frozenset({"restarting", "failed", "success", "skipped", "removed"})
#: The Variable that holds a deployment's random id, and for how many seconds it may still change.
DEPLOYMENT_ID = "dbtsegment_deployment_id"
DEPLOYMENT_ID_SETTLES = 2.0
#: That id, once this process has read it.
_generated: list[str] = []
#: Whether a trigger that ends its task stores its XComs before that, one by one.
XCOMS_BEFORE_END = _VERSION >= (3, 0)
#: Whether Airflow warns in a task's log of each XCom that is asked for and not there.
WARNS_OF_MISSING_XCOMS = (3, 0) <= _VERSION < (3, 3)
#: Where Airflow has its cache of secrets.
SECRET_CACHE = "airflow.sdk.execution_time.cache" if _VERSION >= (3, 0) else "airflow.secrets.cache"
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


def forget_connection(conn_id: str) -> None:
    """Drop what Airflow's cache of secrets holds of a connection, in processes that have one."""
    with suppress(ImportError):
        cache: Any = import_module(SECRET_CACHE).SecretCache
        # An entry without a value counts as none.
        cache.save_connection_uri(conn_id, "")


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


def state_store_of(context: Context) -> StateStore | None:
    """Return the store that outlives the attempts of a task, which Airflow has from 3.3 on."""
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


def task_state(task_instance: Any) -> str | None:
    """
    Return the state in which Airflow has a task instance; `None` is "no state yet" or unknown.

    :raises Exception: If Airflow cannot be asked.
    """
    if _VERSION < (3, 0):
        row = _task_instance_row(task_instance)
        return None if row is None else _word(row.state)
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    mapped = task_instance.map_index is not None and task_instance.map_index >= 0
    name = task_instance.task_id + (f"_{task_instance.map_index}" if mapped else "")
    return _word(states.get(task_instance.run_id, {}).get(name))


async def is_deferred(task_instance: Any) -> bool:
    """
    Return whether Airflow holds a task for deferred; for triggers.

    :raises Exception: If Airflow cannot be asked.
    """
    from asgiref.sync import sync_to_async

    return await sync_to_async(task_state)(task_instance) == "deferred"


def is_current_attempt(task_instance: Any) -> bool:
    """
    Return whether Airflow still has this attempt as the running one.

    From Airflow 3.3 on, the task state store says so more cheaply.

    :raises Exception: If Airflow cannot be asked.
    """
    if _VERSION < (3, 0):
        row = _task_instance_row(task_instance)
        tries = None if row is None else row.try_number
        return row is not None and row.state == "running" and tries == task_instance.try_number
    comms: Any = import_module("airflow.sdk.execution_time.task_runner")
    if getattr(comms, "SUPERVISOR_COMMS", None) is None:
        return True  # outside a task runner there are no other attempts
    if _is_replaced(task_instance, comms.SUPERVISOR_COMMS):
        return False
    return task_state(task_instance) in ("running", None)


def _is_replaced(task_instance: Any, comms: Any) -> bool:
    """Return whether the id of a task instance is gone: each attempt has another one."""
    from airflow.sdk.execution_time.comms import ValidateInletsAndOutlets

    try:
        # The cheapest request that Airflow answers by the id alone.
        answer = comms.send(ValidateInletsAndOutlets(ti_id=task_instance.id))
    except Exception as error:
        answer = getattr(error, "error", None)
    detail = getattr(answer, "detail", None)
    return isinstance(detail, dict) and detail.get("status_code") == 404


def first_attempt_began(context: Context) -> float | None:
    """
    Return when the first attempt of a task instance began, or some time before.

    Below Airflow 3.0 that is in its history; later on, a worker knows when the DAG run began.
    """
    values: Mapping[str, Any] = context
    if _VERSION < (3, 0):
        began = _of_history(values["ti"], "start_date", min)
        if began is not None:
            return began
    return _seconds(getattr(values.get("dag_run"), "start_date", None))


def previous_attempt_ended(task_instance: Any) -> float | None:
    """
    Return when Airflow took the attempt before this one for over, if it says so.

    Below Airflow 3.0 that is in its history. Later on, it gives a task instance a new id then, a
    UUID of version 7, which begins with the time.
    """
    if _VERSION < (3, 0):
        return _of_history(task_instance, "end_date", max)
    id: Any = getattr(task_instance, "id", None)
    if getattr(id, "version", None) != 7 or task_instance.try_number < 2:
        return None
    return int(id.int >> 80) / 1000


def dag_run_was_cleared(context: Context) -> bool:
    """Return whether tasks of the DAG run were cleared, as far as Airflow says."""
    values: Mapping[str, Any] = context
    number = getattr(values.get("dag_run"), "clear_number", None)
    return number is None or number > 0


def is_task_timeout(error: BaseException | None) -> bool:
    """Return whether an error is the one by which Airflow ends a task at `execution_timeout`."""
    if error is None:
        return False
    return any(one.__name__ == "AirflowTaskTimeout" for one in type(error).__mro__)


def deployment_ids() -> tuple[str, ...]:
    """
    Return what identifies this Airflow deployment, then its previous identities.

    It is ``[dbtsegment] deployment_id``, or a random id that is kept in a Variable, with the base
    URL: a database that was copied to another deployment does not bring the identity along.
    """
    previous = conf.get("dbtsegment", "previous_deployment_ids", fallback="") or ""
    others = [id.strip() for id in previous.split(",") if id.strip()]
    given = (conf.get("dbtsegment", "deployment_id", fallback="") or "").strip()
    if given:
        return (given, *others)
    section = "webserver" if _VERSION < (3, 0) else "api"
    base_url = conf.get(section, "base_url", fallback="") or ""
    # For tasks that no Airflow runs, and while Airflow does not give the Variable.
    without_variable = "/".join(
        (
            base_url,
            conf.get("core", "fernet_key", fallback="") or "",
            os.environ.get("AIRFLOW_HOME", ""),
        )
    )
    generated = _generated_deployment_id()
    own = [] if generated is None else [f"{generated}@{base_url}"]
    return (*own, without_variable, *others)


def _generated_deployment_id() -> str | None:
    """Return the id that is kept in a Variable; the first task makes it."""
    if _generated:
        return _generated[0]
    if _VERSION >= (3, 0):
        runner = import_module("airflow.sdk.execution_time.task_runner")
        if getattr(runner, "SUPERVISOR_COMMS", None) is None:
            return None
    try:
        found = _read_variable(DEPLOYMENT_ID)
        if found is None:
            from airflow.providers.common.compat.sdk import Variable

            Variable.set(
                DEPLOYMENT_ID,
                uuid4().hex,
                description="Identifies this Airflow deployment to airflow-provider-dbtsegment.",
            )
            # Another task may make one at the same moment: the last one stays.
            time.sleep(DEPLOYMENT_ID_SETTLES)
            found = _read_variable(DEPLOYMENT_ID)
    except Exception as error:
        log.warning(
            "The Variable %s can neither be read nor created (%s). Set [dbtsegment] deployment_id "
            "instead.",
            DEPLOYMENT_ID,
            error,
        )
        return None
    if found is not None:
        _generated.append(found)
    return found


def _read_variable(key: str) -> str | None:
    from airflow.providers.common.compat.sdk import Variable

    get: Any = Variable.get
    found: str | None = get(key, **{"default_var" if _VERSION < (3, 0) else "default": None})
    return found


def _task_instance_row(task_instance: Any) -> Any:
    """Return a task instance as it is in the database; below Airflow 3.0 tasks may read it."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        return (
            session.query(TaskInstance.state, TaskInstance.try_number)
            .filter_by(**_whose(task_instance))
            .one_or_none()
        )


def _of_history(task_instance: Any, column: str, choose: Any) -> float | None:
    """Return the first or last time of a column in the history of a task instance's attempts."""
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory
        from airflow.utils.session import create_session

        with create_session() as session:
            rows = (
                session.query(getattr(TaskInstanceHistory, column))
                .filter_by(**_whose(task_instance))
                .all()
            )
    except Exception as error:
        log.debug("The history of the task's attempts cannot be read: %s", error)
        return None
    times: list[float] = [at for (value,) in rows if (at := _seconds(value)) is not None]
    chosen: float | None = choose(times) if times else None
    return chosen


def _seconds(time: Any) -> float | None:
    if not isinstance(time, datetime):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()


def _word(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))


def connection_scope(task_instance: Any) -> str | None:
    """
    Return what tells the connections of a trigger from those of others with the same id.

    With `[core] multi_team`, teams have connections of their own, and a DAG belongs to one team.
    """
    if not conf.getboolean("core", "multi_team", fallback=False):
        return None
    return str(getattr(task_instance, "dag_id", ""))


def trigger_timed_out(next_method: str, next_kwargs: Mapping[str, Any] | None) -> bool:
    """Return whether a task goes on because Airflow has ended the waiting of its trigger."""
    return next_method == "__fail__" and "timeout" in str((next_kwargs or {}).get("error")).lower()
