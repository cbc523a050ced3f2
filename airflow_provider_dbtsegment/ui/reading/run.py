"""A DAG run as far as it is ours: its tasks, and what each left in its XComs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.links.dbt_cloud import DOCS_URL, RUN_URL
from airflow_provider_dbtsegment.links.segment import SYNC_URL

from .dags import RUN_SUMMARY, SUMMARIES, SYNC_SUMMARY
from .dbt_run import DbtRun, read_dbt_run
from .mappings import MappingName, name_mapping
from .ours import OPERATORS, kinds_in
from .rows import RunRow, TaskKey, TaskRow, find_run, tasks_of, xcoms_of
from .sync import Sync, read_sync
from .values import address, text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_EARLY = ("run_id", RUN_URL, DOCS_URL, "sync_id", SYNC_URL)


@dataclass(frozen=True)
class Part:
    """
    A task of ours.

    :param kind: ``dbt``, ``sync`` or ``other``.
    :param id: Of the run or the sync, known straight after its start, like the addresses.
    :param unreadable: Whether it has left a summary that is none, or is kept somewhere else.
    """

    task: TaskRow
    kind: str
    id: str = ""
    url: str = ""
    docs_url: str = ""
    dbt: DbtRun | None = None
    sync: Sync | None = None
    unreadable: bool = False

    @property
    def broken(self) -> bool:
        """Whether somebody should look at it."""
        if self.sync is not None and not self.sync.is_good:
            return True
        failed = self.dbt is not None and not self.dbt.succeeded
        return failed or self.task.state in ("failed", "up_for_retry")

    @property
    def mapping(self) -> MappingName:
        """What the mapping of a sync is called, as far as the task itself tells."""
        known = self.sync.mapping if self.sync else ""
        return name_mapping(known, self.url, self.task.key, self.task.label)

    def with_twin(self, other: Part) -> Part:
        """Return the one of two tasks about the same sync that tells more of it."""
        told, rest = (self, other) if self.sync and not other.sync else (other, self)
        return told if told.mapping.destination else replace(told, url=rest.url or told.url)


@dataclass(frozen=True)
class RunReading:
    """A DAG run and its tasks that are ours, in the order in which they began."""

    run: RunRow
    parts: tuple[Part, ...]

    @property
    def dbt(self) -> list[Part]:
        """The tasks that ran dbt."""
        return [part for part in self.parts if part.kind == "dbt"]

    @property
    def syncs(self) -> list[Part]:
        """The tasks that synced: for each sync one, also where one task starts and one waits."""
        found: dict[object, Part] = {}
        for part in self.parts:
            if part.kind == "sync":
                key = part.id or part.task.key
                found[key] = found[key].with_twin(part) if key in found else part
        return list(found.values())


def read_run(
    session: Session, dag_id: str, run_id: str, task: TaskKey | None = None
) -> RunReading | None:
    """
    Return what is known of a DAG run, or `None` if there is none.

    :param task: The only task to read.
    """
    run = find_run(session, dag_id, run_id)
    if run is None:
        return None
    left: dict[TaskKey, dict[str, Any]] = {}
    keys = [*SUMMARIES, *_EARLY]
    for xcom in xcoms_of(session, [run], keys, tasks=None if task is None else [task]):
        left.setdefault(xcom.task, {})[xcom.key] = xcom.value
    tasks = tasks_of(session, run, task)
    strangers = any(one.operator not in OPERATORS for one in tasks)
    kinds = kinds_in(session, dag_id) if strangers else {}
    parts = [part for one in tasks if (part := _part(one, left.get(one.key, {}), kinds))]
    return RunReading(run, tuple(sorted(parts, key=_order)))


def _part(task: TaskRow, left: dict[str, Any], kinds: Mapping[str, str]) -> Part | None:
    """Return a task with what it left behind, or `None` if it is not ours."""
    told = [kind for key, kind in SUMMARIES.items() if key in left]
    kind = OPERATORS.get(task.operator) or (told[0] if told else kinds.get(task.task_id))
    if kind is None:
        return None
    dbt = read_dbt_run(left.get(RUN_SUMMARY)) if kind == "dbt" else None
    sync = read_sync(left.get(SYNC_SUMMARY)) if kind == "sync" else None
    end = dbt or sync
    name = {"dbt": "run", "sync": "sync"}.get(kind, "")
    return Part(
        task=task,
        kind=kind,
        id=text(left.get(f"{name}_id")) or (end.id if end else ""),
        url=(end.url if end else "") or address(left.get(f"{name}_url")),
        docs_url=address(left.get(DOCS_URL)),
        dbt=dbt,
        sync=sync,
        unreadable=kind in told and end is None,
    )


def _order(part: Part) -> tuple[int, float, str, int]:
    """Sort dbt before what follows it, and otherwise by the beginning."""
    began = part.task.started.timestamp() if part.task.started else float("inf")
    return (
        {"dbt": 0, "other": 1, "sync": 2}[part.kind],
        began,
        part.task.task_id,
        part.task.map_index,
    )
