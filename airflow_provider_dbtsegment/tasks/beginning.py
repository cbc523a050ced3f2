"""
Which sensors begin in the triggerer, without a worker.

From Airflow 3.3 on, the scheduler itself can defer a task, and its templates are rendered in the
triggerer. Then a sensor that succeeds needs no worker at all. A worker begins nevertheless:

- for a mapped sensor, alone or in a mapped task group: Airflow cannot expand it in the triggerer;
- when its arguments are not texts, numbers or the output of one task, or their templates use more
  than XComs of unmapped tasks of the same DAG, `params`, `var`, `conn`, `macros`, `dag_run`,
  `run_id` and the dates: the triggerer has no more than that;
- when something is to run before it: a callback on execution, `pre_execute`, a listener that hears
  of beginnings, or a subclass that begins in its own way;
- in a pool of its own, since the scheduler asks no pool for a task that it defers, and where
  triggerers have queues, for the same reason;
- when it has parameters of its own, which the triggerer does not check before it is too late;
- when ending in the triggerer is switched off, see :mod:`.ending`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import (
    BEGINS_IN_TRIGGERER,
    conf,
    listens_to,
    template_of,
)
from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.tasks.ending import (
    first_reason,
    is_switched_off,
    overrides,
    why_a_worker_ends,
)

if TYPE_CHECKING:
    from airflow.triggers.base import StartTriggerArgs

    from airflow_provider_dbtsegment.tasks.sensing import Sensing

#: What runs in a worker at the beginning of a deferred sensor.
AT_THE_BEGINNING = (
    "execute",
    "poke",
    "pre_execute",
    "render_template_fields",
    "_announce",
    "_announce_once",
    "_look",
    "_prepare",
    "_wait",
)
#: What templates may name.
NAMES = {
    "conn",
    "dag_run",
    "data_interval_end",
    "data_interval_start",
    "ds",
    "ds_nodash",
    "logical_date",
    "macros",
    "params",
    "run_id",
    "task_instance",
    "task_instance_key_str",
    "ti",
    "ts",
    "ts_nodash",
    "ts_nodash_with_tz",
    "var",
}
#: So long after our own deadline Airflow would end the waiting: never, as far as we are concerned;
#: but without a date for that the triggerer does not know when the task began.
BEYOND = timedelta(days=365).total_seconds()


def start_trigger_args(task: Sensing) -> StartTriggerArgs | None:
    """Return with what a sensor begins in the triggerer, or `None` if a worker begins."""
    if why_a_worker_begins(task) is not None:
        return None
    try:
        limit, by_airflow = task._limit_after(0.0)
        interval, faults = task._interval(), task._fault_seconds()
    except (DbtSegmentError, TypeError, ValueError):
        # In a worker it says what is wrong with them.
        return None
    from airflow.triggers.base import StartTriggerArgs

    whole = (limit or 0.0) + BEYOND
    if task.execution_timeout is not None:
        whole = task.execution_timeout.total_seconds()
    return StartTriggerArgs(
        trigger_cls=task._trigger_class,
        trigger_kwargs={
            **{name: template_of(getattr(task, name)) for name in task.template_fields},
            "poll_interval": interval,
            "deadline": None,
            "began": 0.0,
            "cancel_on_kill": False,
            "fault_budget": faults,
            "end_in_triggerer": why_a_worker_ends(task) is None,
            "begins": {"limit": limit, "whole": whole},
        },
        next_method="execute_complete",
        next_kwargs={"awaited": {"begun": True, "by_airflow": by_airflow}},
        timeout=None if task.execution_timeout is not None else timedelta(seconds=whole),
    )


def why_a_worker_begins(task: Sensing) -> str | None:
    """Return why a sensor must begin in a worker, or `None` if it need not."""
    return first_reason(_REASONS, task)


def _is_mapped(task: Any) -> bool:
    return task.is_mapped or task.get_closest_mapped_task_group() is not None


def _has_own_params(task: Any) -> bool:
    return dict(task.params or {}) != dict(task.dag.params if task.has_dag() else {})


def _needs_more(task: Any) -> bool:
    """Return whether a template needs what the triggerer does not have."""
    return not all(_is_known(template_of(getattr(task, name))) for name in task.template_fields)


def _is_known(value: Any) -> bool:
    if value is None or isinstance(value, (int, float)):
        return True
    if not isinstance(value, str):
        return False
    if not re.search(r"\{[{%#]", value):
        return True
    from jinja2 import Environment, TemplateError, meta

    try:
        # It is not rendered here: nothing is to be escaped.
        named = meta.find_undeclared_variables(Environment().parse(value))  # noqa: S701
    except TemplateError:
        return False
    return named <= NAMES


_REASONS: dict[str, Callable[[Any], Any]] = {
    "this Airflow cannot begin it elsewhere": lambda task: not BEGINS_IN_TRIGGERER,
    "it does not defer": lambda task: not getattr(task, "deferrable", False),
    "ending in the triggerer is switched off": is_switched_off,
    "it is mapped": _is_mapped,
    "its templates need more than the triggerer has": _needs_more,
    "it has a callback on execution": lambda task: task.on_execute_callback,
    "it has a hook before its execution": lambda task: getattr(task, "_pre_execute_hook", None),
    "its class begins in its own way": lambda task: overrides(task, AT_THE_BEGINNING),
    "it has a pool of its own": lambda task: task.pool != "default_pool",
    "it has parameters of its own": _has_own_params,
    "triggerers have queues": lambda task: conf.getboolean(
        "triggerer", "queues_enabled", fallback=False
    ),
    "a listener hears of beginnings": lambda task: listens_to("on_task_instance_running"),
}
