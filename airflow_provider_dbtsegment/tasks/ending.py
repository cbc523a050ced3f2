"""
Which tasks may end in the triggerer.

A deferred task whose run or sync has succeeded needs no worker to say so: the trigger ends it, with
the XComs that a worker would push. So a wait costs one worker process instead of two, and a success
does not wait for a free one. Everything else goes back to a worker: failures, so that retries,
callbacks and the reason in the log are as ever, and whatever is in doubt.

So do successes of tasks for which a worker does more than that, since Airflow would leave it out:

- a callback on success, outlets, and inlets (which Airflow checks in a worker);
- a listener of a plugin that hears of successes, such as OpenLineage's;
- a hook after the execution, `post_execute` for one, or a subclass that ends tasks in its own way;
- a downstream task that is expanded over the result, `multiple_outputs`, a result of the DAG;
- a `map_index_template`, which is rendered once more at the end;
- links of others, whose addresses a worker stores at the end;
- a backend of XComs, which may need what only workers have;
- `[state_store] clear_on_success`, for operators, which note there what they have launched.

`end_in_triggerer=False` switches it off for a task, and `[dbtsegment] end_in_triggerer = False` for
all. What is not there either way: Airflow's own counters of successful tasks (`ti_successes` and
the like), which it counts in workers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import conf, listens_to, stores_xcoms_elsewhere

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.tasks.base import Waiting

OURS = __name__.split(".")[0] + "."
#: What runs in a worker at the end of a deferred task.
AT_THE_END = (
    "execute_complete",
    "resume_execution",
    "post_execute",
    "_end",
    "_ended",
    "_finish",
    "_survive",
)


def why_a_worker_ends(task: Waiting) -> str | None:
    """Return why a success of a task must end in a worker, or `None` if it need not."""
    return first_reason(_REASONS, task)


def first_reason(reasons: Mapping[str, Callable[[Any], Any]], task: Any) -> str | None:
    """Return the first reason that applies to a task; that it cannot be told is one, too."""
    try:
        return next((reason for reason, applies in reasons.items() if applies(task)), None)
    except Exception as error:
        return f"it cannot be told whether a worker is needed ({type(error).__name__}: {error})"


def is_switched_off(task: Any) -> bool:
    """Return whether the user wants a worker at both ends."""
    wanted = conf.getboolean("dbtsegment", "end_in_triggerer", fallback=True)
    return not (task.end_in_triggerer and wanted)


def overrides(task: Any, names: tuple[str, ...]) -> bool:
    """Return whether somebody else's class does one of these things in its own way."""
    methods = (getattr(type(task), name, None) for name in names)
    modules = (getattr(method, "__module__", None) or OURS for method in methods)
    return not all(module.startswith((OURS, "airflow.")) for module in modules)


def _has_links_of_others(task: Any) -> bool:
    return not all(type(link).__module__.startswith(OURS) for link in task.operator_extra_links)


def _is_mapped_over(task: Any) -> bool:
    return task.has_dag() and next(iter(task.iter_mapped_dependants()), None) is not None


def _forgets(task: Any) -> bool:
    clears = conf.getboolean("state_store", "clear_on_success", fallback=False)
    return clears and hasattr(task, "cancel_on_kill")


_REASONS: dict[str, Callable[[Any], Any]] = {
    "ending in the triggerer is switched off": is_switched_off,
    "it has a callback on success": lambda task: task.on_success_callback,
    "it has outlets": lambda task: task.outlets,
    "it has inlets": lambda task: task.inlets,
    "it has a hook after its execution": lambda task: getattr(task, "_post_execute_hook", None),
    "its class ends tasks in its own way": lambda task: overrides(task, AT_THE_END),
    "it has multiple outputs": lambda task: getattr(task, "multiple_outputs", False),
    "its result is the DAG's": lambda task: getattr(task, "returns_dag_result", False),
    "its map index is rendered at the end": lambda task: task.map_index_template,
    "its templates are stored at the end": lambda task: getattr(
        task, "overwrite_rtif_after_execution", False
    ),
    "it has links of others": _has_links_of_others,
    "a task is mapped over its result": _is_mapped_over,
    "XComs are stored elsewhere": lambda task: stores_xcoms_elsewhere(),
    "Airflow forgets what was launched": _forgets,
    "a listener hears of successes": lambda task: listens_to("on_task_instance_success"),
}
