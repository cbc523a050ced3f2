"""The rows of Airflow's database that the pages show; each function is one query."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import func, or_, select

from .values import moment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The tasks of this package by the names that Airflow keeps, and what each works with.
OPERATORS = {
    "TriggerDbtJobOperator": "dbt",
    "DbtCloudRunSensor": "dbt",
    "GetDbtRunArtifactOperator": "other",
    "TriggerDbtModelSyncOperator": "other",
    "CreateReverseETLManualSyncOperator": "sync",
    "ReverseETLSyncSensor": "sync",
}
#: So many values go into one query; SQLite takes no more than 999 on old machines.
BATCH = 500


class RunRow(NamedTuple):
    """A DAG run; ``due`` is when it could start."""

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
    def key(self) -> tuple[str, int]:
        """What tells it from the other tasks of its run."""
        return self.task_id, self.map_index

    @property
    def name(self) -> str:
        """The task's id, with what tells a mapped one from its siblings."""
        return f"{self.task_id} [{self.label}]" if self.map_index >= 0 else self.task_id


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
    def task(self) -> tuple[str, int]:
        """Whose it is."""
        return self.task_id, self.map_index


_RUN = (
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
    for some in _batches(dag_ids):
        place = func.row_number().over(
            partition_by=DagRun.dag_id, order_by=(DagRun.run_after.desc(), DagRun.id.desc())
        )
        numbered = select(*_RUN, place.label("place")).where(DagRun.dag_id.in_(some)).subquery()
        query = select(numbered).where(numbered.c.place <= limit).order_by(numbered.c.place)
        for row in session.execute(query):
            found.setdefault(row[0], []).append(_run(row))
    return found


def tasks_of(session: Session, dag_id: str, run_ids: Collection[str]) -> list[TaskRow]:
    """Return the task instances of runs of a DAG."""
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
    found = []
    for some in _batches(run_ids):
        query = select(*fields).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(some))
        found += [_task(row) for row in session.execute(query)]
    return found


def xcoms_of(
    session: Session, dag_id: str, run_ids: Collection[str], keys: Collection[str]
) -> list[XComRow]:
    """Return the XComs of runs of a DAG that have one of these keys."""
    found = []
    for some in _batches(run_ids):
        query = select(
            XComModel.dag_id,
            XComModel.run_id,
            XComModel.task_id,
            XComModel.map_index,
            XComModel.key,
            XComModel.value,
            XComModel.timestamp,
        ).where(
            XComModel.dag_id == dag_id, XComModel.run_id.in_(some), XComModel.key.in_(list(keys))
        )
        found += [_xcom(row) for row in session.execute(query)]
    return found


def pipelines(session: Session) -> dict[str, bool]:
    """
    Return the DAGs that use our operators, and whether each is paused.

    Those are the DAGs with a summary among their XComs, and those whose last run has a task of
    ours.
    """
    told = select(XComModel.dag_id).where(XComModel.key.in_(["run_summary", "sync_summary"]))
    last = select(func.max(DagRun.id)).group_by(DagRun.dag_id)
    used = (
        select(TaskInstance.dag_id)
        .join(
            DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id)
        )
        .where(DagRun.id.in_(last), TaskInstance.operator.in_(list(OPERATORS)))
    )
    query = (
        select(DagModel.dag_id, DagModel.is_paused)
        # Of a DAG that is no longer there Airflow keeps the rows.
        .where(DagModel.is_stale.is_(False))
        .where(or_(DagModel.dag_id.in_(told), DagModel.dag_id.in_(used)))
        .order_by(DagModel.dag_id)
    )
    return {dag_id: bool(paused) for dag_id, paused in session.execute(query)}


def _run(row: Any) -> RunRow:
    return RunRow(row[0], row[1], _state(row[2]), *(moment(one) for one in row[3:6]))


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


def _batches(values: Collection[str]) -> Iterable[list[str]]:
    ordered = list(values)
    return (ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH))
