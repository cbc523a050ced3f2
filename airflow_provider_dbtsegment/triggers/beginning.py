"""What a task that begins in the triggerer knows of itself there: its templates and its times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from airflow_provider_dbtsegment.compat import RETURN_VALUE

UNSET: Any = object()


class NotHereError(Exception):
    """Something that the triggerer cannot do; a worker begins instead."""


def began_at(timeout_after: datetime | None, whole: float) -> float:
    """
    Return when the task began, in seconds since the epoch.

    A trigger is not told that, and a triggerer that starts again makes it anew; but Airflow keeps
    when it would itself end the waiting, so long after the beginning as the task has told it.

    :param timeout_after: When Airflow ends the waiting.
    :param whole: How many seconds after the beginning that is.
    :raises NotHereError: When Airflow does not say.
    """
    if timeout_after is None:
        raise NotHereError("Airflow does not say when the task began")
    if timeout_after.tzinfo is None:
        timeout_after = timeout_after.replace(tzinfo=timezone.utc)
    return timeout_after.timestamp() - whole


def rendering_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context in which templates see of the task instance what the triggerer can give."""
    seen = TemplateTaskInstance(context["ti"], context["dag"])
    return {**context, "ti": seen, "task_instance": seen}


class TemplateTaskInstance:
    """
    A task instance for templates that are rendered in the triggerer.

    There Airflow answers a question for one XCom, and never a question for those of all the
    instances of a task, which is what a plain `xcom_pull` asks: the trigger would wait for ever.
    So what is pulled from a task that is not mapped is asked for as one, and all else is refused.
    """

    def __init__(self, task_instance: Any, dag: Any) -> None:
        self._task_instance = task_instance
        self._dag = dag

    def __getattr__(self, name: str) -> Any:
        # Jinja takes an AttributeError for an empty text.
        if name in ("dag_id", "task_id", "run_id", "try_number", "map_index"):
            return getattr(self._task_instance, name)
        raise NotHereError(f"the triggerer cannot give ti.{name}")

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = RETURN_VALUE,
        *,
        map_indexes: int | None = UNSET,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """Return XComs of tasks of this DAG, of which there is one each."""
        if task_ids is None or dag_id not in (None, self._task_instance.dag_id):
            raise NotHereError("the triggerer pulls XComs of named tasks of the same DAG only")
        names = [task_ids] if isinstance(task_ids, str) else list(task_ids)
        for name in names:
            task = self._dag.get_task(name)
            if task.is_mapped or task.get_closest_mapped_task_group() is not None:
                raise NotHereError(f"{name} is mapped, and the triggerer pulls no XComs of those")
        if map_indexes not in (UNSET, None, -1):
            raise NotHereError("the triggerer pulls no XComs of mapped tasks")
        values = [
            self._task_instance.xcom_pull(
                task_ids=name,
                key=key,
                map_indexes=None,
                default=default,
                **({} if run_id is None else {"run_id": run_id}),
            )
            for name in names
        ]
        return values[0] if isinstance(task_ids, str) else values
