"""Which DAGs are pipelines: those that use our operators."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.team import Team
from airflow.models.xcom import XComModel
from sqlalchemy import func, select

from .ours import OPERATORS, users
from .rows import batches
from .values import moment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The XComs of ends, and what the task that left one works with.
RUN_SUMMARY, SYNC_SUMMARY = "run_summary", "sync_summary"
SUMMARIES = {RUN_SUMMARY: "dbt", SYNC_SUMMARY: "sync"}


class DagRow(NamedTuple):
    """A DAG; ``team`` is whose it is, where Airflow knows teams."""

    dag_id: str
    paused: bool
    team: str | None


def pipelines(session: Session, part: str = "") -> dict[str, DagRow]:
    """
    Return the DAGs that use our operators.

    Those are the DAGs whose last run has a task of ours or has left a summary, and those of which
    the last version has a task with our links.

    :param part: Of their names.
    """
    last = select(func.max(DagRun.id)).group_by(DagRun.dag_id)
    told = select(XComModel.dag_id).where(
        XComModel.dag_run_id.in_(last), XComModel.key.in_(list(SUMMARIES))
    )
    used = (
        select(TaskInstance.dag_id)
        .join(
            DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id)
        )
        .where(DagRun.id.in_(last), TaskInstance.operator.in_(list(OPERATORS)))
    )
    known = set(session.scalars(told.union(used)))
    query = (
        select(DagModel.dag_id, DagModel.is_paused, Team.name)
        .outerjoin(DagBundleModel, DagModel.bundle_name == DagBundleModel.name)
        .outerjoin(DagBundleModel.teams)
        # Of a DAG that is no longer there Airflow keeps the rows.
        .where(DagModel.is_stale.is_(False))
        .order_by(DagModel.dag_id)
    )
    rows = {
        dag_id: DagRow(dag_id, bool(paused), team)
        for dag_id, paused, team in session.execute(query)
        if part.lower() in dag_id.lower()
    }
    known |= users(session, rows.keys() - known)
    return {dag_id: row for dag_id, row in rows.items() if dag_id in known}


def newest_first(session: Session, dag_ids: Collection[str]) -> list[str]:
    """Return DAGs by their last run, and those without runs at the end."""
    newest: dict[str, float] = {}
    for some in batches(dag_ids):
        query = (
            select(DagRun.dag_id, func.max(DagRun.run_after))
            .where(DagRun.dag_id.in_(some))
            .group_by(DagRun.dag_id)
        )
        for dag_id, due in session.execute(query):
            found = moment(due)
            newest[dag_id] = found.timestamp() if found else 0.0
    return sorted(dag_ids, key=lambda dag_id: (-newest.get(dag_id, 0.0), dag_id))
