"""The rows of Airflow's database that the pages show; each function is one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import func, select

from .values import moment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")
#: A task of a run: its id and its map index, -1 where it is not mapped.
TaskKey = tuple[str, int]

#: So many values go into one query; SQLite takes no more than 999 on old machines.
BATCH = 500


class RunRow(NamedTuple):
    """A DAG run; ``number`` is Airflow's own, ``due`` is when it could start."""

    number: int
    dag_id: str
    run_id: str
    state: str
    due: datetime | None
    started: datetime | None
    ended: datetime | None

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return self.state not in ("success", "failed")

    @property
    def word(self) -> str:
        """Its state in words."""
        return self.state.replace("_", " ")


class TaskRow(NamedTuple):
    """A task instance; ``map_index`` is -1 where the task is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    operator: str
    started: datetime | None
    ended: datetime | None
    label: str

    @property
    def key(self) -> TaskKey:
        """What tells it from the other tasks of its run."""
        return self.task_id, self.map_index

    @property
    def name(self) -> str:
        """The task's id, with what tells a mapped one from its siblings."""
        return name_of(self.task_id, self.label if self.map_index >= 0 else None)

    @property
    def word(self) -> str:
        """Its state in words."""
        return self.state.replace("_", " ")


class XComRow(NamedTuple):
    """An XCom."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: Any
    stored: datetime | None

    @property
    def task(self) -> TaskKey:
        """Whose it is."""
        return self.task_id, self.map_index


def name_of(task_id: str, label: object = None) -> str:
    """Return what a task is called; the label tells a mapped one from its siblings."""
    return task_id if label is None else f"{task_id} [{label}]"


_RUN = (
    DagRun.id,
    DagRun.dag_id,
    DagRun.run_id,
    DagRun.state,
    DagRun.run_after,
    DagRun.start_date,
    DagRun.end_date,
)


def find_run(session: Session, dag_id: str, run_id: str) -> RunRow | None:
    """Return a DAG run, or `None` if there is none."""
    query = select(*_RUN).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
    return next((_run(row) for row in session.execute(query)), None)


def runs_before(session: Session, run: RunRow, limit: int) -> list[RunRow]:
    """Return a run and those before it, the newest first."""
    query = select(*_RUN).where(DagRun.dag_id == run.dag_id)
    if run.due is not None:
        query = query.where(DagRun.run_after <= run.due)
    query = query.order_by(DagRun.run_after.desc(), DagRun.id.desc()).limit(limit)
    return [_run(row) for row in session.execute(query)]


def last_runs(session: Session, dag_ids: Collection[str], limit: int) -> dict[str, list[RunRow]]:
    """Return the last runs of each DAG, the newest first."""
    found: dict[str, list[RunRow]] = {}
    for some in batches(dag_ids):
        place = func.row_number().over(
            partition_by=DagRun.dag_id, order_by=(DagRun.run_after.desc(), DagRun.id.desc())
        )
        numbered = select(*_RUN, place.label("place")).where(DagRun.dag_id.in_(some)).subquery()
        query = select(numbered).where(numbered.c.place <= limit).order_by(numbered.c.place)
        for row in session.execute(query):
            found.setdefault(row.dag_id, []).append(_run(row))
    return found


def tasks_of(session: Session, run: RunRow, task: TaskKey | None = None) -> list[TaskRow]:
    """Return the task instances of a run, or one of them alone."""
    fields = (
        TaskInstance.dag_id,
        TaskInstance.run_id,
        TaskInstance.task_id,
        TaskInstance.map_index,
        TaskInstance.state,
        TaskInstance.operator,
        TaskInstance.start_date,
        TaskInstance.end_date,
        TaskInstance._rendered_map_index,
    )
    query = select(*fields).where(
        TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id
    )
    if task is not None:
        query = query.where(TaskInstance.task_id == task[0], TaskInstance.map_index == task[1])
    return [_task(row) for row in session.execute(query)]


def xcoms_of(
    session: Session,
    runs: Collection[RunRow],
    keys: Collection[str],
    *,
    tasks: Collection[TaskKey] | None = None,
) -> list[XComRow]:
    """
    Return the XComs of runs that have one of these keys.

    :param tasks: Whose they are; by default everybody's.
    """
    found: list[XComRow] = []
    for some in batches([run.number for run in runs]):
        query = select(
            XComModel.dag_id,
            XComModel.run_id,
            XComModel.task_id,
            XComModel.map_index,
            XComModel.key,
            XComModel.value,
            XComModel.timestamp,
        ).where(XComModel.dag_run_id.in_(some), XComModel.key.in_(list(keys)))
        if tasks is not None:
            query = query.where(
                XComModel.task_id.in_({task_id for task_id, _ in tasks}),
                XComModel.map_index.in_({map_index for _, map_index in tasks}),
            )
        found += [_xcom(row) for row in session.execute(query)]
    return found if tasks is None else [one for one in found if one.task in tasks]


def xcom_counts(session: Session, runs: Collection[RunRow], key: str) -> dict[int, int]:
    """Return how many XComs with this key each run has that has some, by the run's number."""
    found: dict[int, int] = {}
    for some in batches([run.number for run in runs]):
        query = (
            select(XComModel.dag_run_id, func.count())
            .where(XComModel.dag_run_id.in_(some), XComModel.key == key)
            .group_by(XComModel.dag_run_id)
        )
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


def _run(row: Any) -> RunRow:
    number, dag_id, run_id, state, due, started, ended = row[:7]
    return RunRow(
        number, dag_id, run_id, _state(state), moment(due), moment(started), moment(ended)
    )


def _task(row: Any) -> TaskRow:
    dag_id, run_id, task_id, map_index, state, operator, started, ended, label = row
    return TaskRow(
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index if isinstance(map_index, int) else -1,
        state=_state(state),
        operator=operator or "",
        started=moment(started),
        ended=moment(ended),
        label=label or str(map_index),
    )


def _xcom(row: Any) -> XComRow:
    dag_id, run_id, task_id, map_index, key, value, stored = row
    return XComRow(dag_id, run_id, task_id, map_index, key, value, moment(stored))


def _state(given: Any) -> str:
    return str(getattr(given, "value", given) or "no_status")


def batches(values: Collection[T]) -> Iterable[list[T]]:
    """Split values into lists of which each fits into a query."""
    ordered = list(values)
    return (ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH))
