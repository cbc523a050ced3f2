"""
Where a task's process kills itself, as a power cut would.

The DAG file calls :func:`install` in the process of a task. A point is a call inside our provider,
the community's, or a library of both; at the first call of a task run the process is gone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import requests

from tests.chaos.clocks import set_clock_off
from tests.chaos.death import Death
from tests.chaos.twice import run_twice

#: The environments of older versions are without it.
HAS_COMMUNITY = find_spec("airflow.providers.dbt") is not None

START = re.compile(r"/jobs/\d+/(run|rerun)/$|/runs/\d+/retry/$|/reverse-etl-syncs$")
STATUS = re.compile(r"/runs/\d+/$|/reverse-etl-models/[^/]+/syncs/[^/]+$")


#: Whether this process, or the one that it was forked from, has been prepared.
_installed: list[None] = []


def install(row: Mapping[str, Any]) -> None:
    """Make this process behave as the row wants it."""
    if _installed:
        return
    _installed.append(None)
    death = Death(row["name"], row["kill"])
    if not row["remembers"]:
        _forget()
    if row["skew"] and not death.mark.exists():
        set_clock_off(row["skew"])
    if row["twice"]:
        run_twice(OPERATORS[:2], death)
    if row["kill"]:
        POINTS[row["kill"]["point"]](death)


def _around(
    path: str,
    death: Death,
    *,
    after: bool,
    when: Callable[..., bool] = lambda *arguments, **options: True,
) -> None:
    """Die before or after a call of a function, given as `module:name` or `module:Class.name`."""
    module, _, name = path.partition(":")
    owner: Any = import_module(module)
    *parents, last = name.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    whole = getattr(owner, last)

    @functools.wraps(whole)
    def deadly(*arguments: Any, **options: Any) -> Any:
        wanted = when(*arguments, **options)
        if wanted and not after:
            death()
        result = whole(*arguments, **options)
        if wanted and after:
            death()
        return result

    setattr(owner, last, deadly)


def _request(pattern: re.Pattern[str], *, after: bool = False) -> Callable[[Death], None]:
    def is_meant(_: requests.Session, request: requests.PreparedRequest, **__: Any) -> bool:
        return bool(pattern.search((request.url or "").partition("?")[0]))

    return lambda death: _around("requests:Session.send", death, after=after, when=is_meant)


def _calls(*paths: str, after: bool) -> Callable[[Death], None]:
    def wrap(death: Death) -> None:
        for path in paths:
            _around(path, death, after=after)

    return wrap


OPERATORS = (
    "airflow_provider_dbtsegment.operators.dbt_cloud:TriggerDbtJobOperator",
    "airflow_provider_dbtsegment.operators.segment:CreateReverseETLManualSyncOperator",
    *(
        ["airflow.providers.dbt.cloud.operators.dbt:DbtCloudRunJobOperator"]
        if HAS_COMMUNITY
        else []
    ),
)
STARTS = (
    "airflow_provider_dbtsegment.dbt_cloud:DbtCloudApi.trigger_job",
    "airflow_provider_dbtsegment.segment:SegmentApi.create_reverse_etl_manual_sync",
    *(
        ["airflow.providers.dbt.cloud.hooks.dbt:DbtCloudHook.trigger_job_run"]
        if HAS_COMMUNITY
        else []
    ),
)
STORE = "airflow.sdk.execution_time.context:TaskStateStoreAccessor"
#: What the points are called, and where they are.
POINTS: dict[str, Callable[[Death], None]] = {
    "before the request": _request(START),
    "processed, before the answer is read": _request(START, after=True),
    "as it begins": _calls(*(f"{path}.execute" for path in OPERATORS), after=False),
    "after its first record": _calls(f"{STORE}.set", after=True),
    "answered, before anything is stored": _calls(*STARTS, after=True),
    "stored, before deferring": _calls(*(f"{path}.defer" for path in OPERATORS), after=False),
    "while waiting": _request(STATUS),
    "after the event, before it is read": _calls(
        *(f"{path}.execute_complete" for path in OPERATORS), after=False
    ),
    "ended, before Airflow hears of it": _calls(
        *(f"{path}.{name}" for path in OPERATORS for name in ("execute", "execute_complete")),
        after=True,
    ),
    "as the event is sent": lambda death: _defer_to_the_dying(),
}


def _defer_to_the_dying() -> None:
    """Let operators defer to triggers that kill their triggerer."""
    from tests.chaos.triggers import DYING

    def wrap(whole: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(whole)
        def defer(self: Any, *, trigger: Any, **options: Any) -> Any:
            _, arguments = trigger.serialize()
            return whole(self, trigger=DYING[type(trigger)](**arguments), **options)

        return defer

    for path in OPERATORS:
        module, _, name = path.partition(":")
        operator = getattr(import_module(module), name)
        operator.defer = wrap(operator.defer)


def _forget() -> None:
    """Take the task state store away, which Airflow below 3.3 does not have."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    whole = RuntimeTaskInstance.get_template_context

    def without_store(self: Any) -> Any:
        context: Any = whole(self)
        context.pop("task_state_store", None)
        return context

    RuntimeTaskInstance.get_template_context = without_store  # type: ignore[method-assign]
