"""A DAG run as far as it is ours: its tasks, and what each left in its XComs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .dbt_run import DbtRun, read_dbt_run
from .rows import OPERATORS, RunRow, TaskRow, XComRow, find_run, tasks_of, xcoms_of
from .sync import Sync, read_sync
from .values import address, text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_SUMMARIES = {"run_summary": "dbt", "sync_summary": "sync"}
_EARLY = ("run_id", "run_url", "docs_url", "sync_id", "sync_url")


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
        if self.sync is not None and (self.sync.failed or self.sync.end not in ("success",)):
            return True
        failed = self.dbt is not None and not self.dbt.succeeded
        return failed or self.task.state in ("failed", "up_for_retry")

    @property
    def mapping(self) -> str:
        """What tells the mapping of a sync from others, also in other runs."""
        return mapping_of(self.sync, self.task.task_id, self.task.map_index)


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
        """The tasks that synced."""
        return [part for part in self.parts if part.kind == "sync"]

    def only(self, task_id: str, map_index: int) -> RunReading:
        """Return this with one task alone."""
        wanted = (task_id, map_index)
        return replace(self, parts=tuple(p for p in self.parts if p.task.key == wanted))


def mapping_of(sync: Sync | None, task_id: str, map_index: int) -> str:
    """Return Segment's name of a mapping, or the task's where it is not known."""
    if sync is not None and sync.mapping:
        return sync.mapping
    return f"{task_id}[{map_index}]" if map_index >= 0 else task_id


def read_run(session: Session, dag_id: str, run_id: str) -> RunReading | None:
    """Return what is known of a DAG run, or `None` if there is none."""
    run = find_run(session, dag_id, run_id)
    if run is None:
        return None
    left: dict[tuple[str, int], dict[str, Any]] = {}
    for xcom in xcoms_of(session, dag_id, [run_id], [*_SUMMARIES, *_EARLY]):
        left.setdefault(xcom.task, {})[xcom.key] = xcom.value
    tasks = tasks_of(session, dag_id, [run_id])
    parts = [part for task in tasks if (part := _part(task, left.get(task.key, {})))]
    return RunReading(run, tuple(sorted(parts, key=_order)))


def summaries(xcoms: Iterable[XComRow]) -> Iterable[tuple[XComRow, Sync]]:
    """Return the syncs that XComs tell of, each with where it was found."""
    for xcom in xcoms:
        sync = read_sync(xcom.value)
        if sync is not None:
            yield xcom, sync


def _part(task: TaskRow, left: dict[str, Any]) -> Part | None:
    """Return a task with what it left behind, or `None` if it is not ours."""
    told = [kind for key, kind in _SUMMARIES.items() if key in left]
    kind = OPERATORS.get(task.operator) or (told[0] if told else None)
    if kind is None:
        return None
    dbt = read_dbt_run(left.get("run_summary")) if kind == "dbt" else None
    sync = read_sync(left.get("sync_summary")) if kind == "sync" else None
    end = dbt or sync
    name = {"dbt": "run", "sync": "sync"}.get(kind, "")
    return Part(
        task=task,
        kind=kind,
        id=text(left.get(f"{name}_id")) or _id(dbt, sync),
        url=(end.url if end else "") or address(left.get(f"{name}_url")),
        docs_url=address(left.get("docs_url")),
        dbt=dbt,
        sync=sync,
        unreadable=kind in told and end is None,
    )


def _id(dbt: DbtRun | None, sync: Sync | None) -> str:
    return dbt.run_id if dbt else sync.sync_id if sync else ""


def _order(part: Part) -> tuple[int, float, str, int]:
    """Sort dbt before what follows it, and otherwise by the beginning."""
    began = part.task.started.timestamp() if part.task.started else float("inf")
    return (
        {"dbt": 0, "other": 1, "sync": 2}[part.kind],
        began,
        part.task.task_id,
        part.task.map_index,
    )
