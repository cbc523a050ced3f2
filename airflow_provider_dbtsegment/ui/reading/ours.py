"""
Which tasks are ours: by the names of their classes, and subclasses by the links they inherit.

Airflow keeps of a task the name of its class alone, but of a DAG also the links of each task. What
was found out about a version of a DAG stays in memory.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import func, select

from airflow_provider_dbtsegment.links.dbt_cloud import DbtCloudRunLink
from airflow_provider_dbtsegment.links.segment import ReverseETLSyncLink, SegmentLink

from .rows import batches
from .values import items, record

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Our classes, and what each works with.
OPERATORS = {
    "TriggerDbtJobOperator": "dbt",
    "DbtCloudRunSensor": "dbt",
    "GetDbtRunArtifactOperator": "other",
    "TriggerDbtModelSyncOperator": "other",
    "CreateReverseETLManualSyncOperator": "sync",
    "ReverseETLSyncSensor": "sync",
}
_LINKS = {
    (DbtCloudRunLink.name, DbtCloudRunLink.key): "dbt",
    (ReverseETLSyncLink.name, ReverseETLSyncLink.key): "sync",
    (SegmentLink.name, SegmentLink.key): "other",
}
#: A task that has a link to a run and this template fetches files of it, and runs nothing.
_FETCHES = "output_path"
#: So many versions of DAGs are remembered, and so many unknown ones read for one page.
REMEMBERED, READ = 5000, 200

_lock = threading.Lock()
_known: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()


def kinds_in(session: Session, dag_id: str) -> dict[str, str]:
    """Return the tasks of a DAG's last version that are ours, and what each works with."""
    return _of_versions(session, _versions(session, [dag_id])).get(dag_id, {})


def users(session: Session, dag_ids: Collection[str]) -> set[str]:
    """Return those DAGs of which the last version has a task of ours."""
    found = _of_versions(session, _versions(session, dag_ids))
    return {dag_id for dag_id, kinds in found.items() if kinds}


def kinds_of(data: Any) -> dict[str, str]:
    """Return what each task of ours works with, from a DAG as Airflow keeps it."""
    found = {}
    for task in items(record(record(data).get("dag")).get("tasks")):
        fields = record(record(task).get("__var"))
        kind, task_id = _kind(fields), fields.get("task_id")
        if kind is not None and isinstance(task_id, str):
            found[task_id] = kind
    return found


def _kind(task: Mapping[str, Any]) -> str | None:
    links = record(task.get("_operator_extra_links"))
    kinds = [kind for (name, key), kind in _LINKS.items() if links.get(name) == key]
    if kinds == ["dbt"] and _FETCHES in items(task.get("template_fields")):
        return "other"
    return kinds[0] if kinds else None


def _versions(session: Session, dag_ids: Collection[str]) -> list[tuple[Any, str, str]]:
    """Return the last version of each DAG, the newest first: its row, the DAG, its hash."""
    table = SerializedDagModel
    found: list[Any] = []
    for some in batches(dag_ids):
        newest = (
            select(table.dag_id, func.max(table.created_at).label("created_at"))
            .where(table.dag_id.in_(some))
            .group_by(table.dag_id)
            .subquery()
        )
        query = select(table.created_at, table.id, table.dag_id, table.dag_hash).join(
            newest,
            (table.dag_id == newest.c.dag_id) & (table.created_at == newest.c.created_at),
        )
        found.extend(session.execute(query))
    found.sort(key=lambda row: row[0], reverse=True)
    return [(row[1], row[2], row[3]) for row in found]


def _of_versions(
    session: Session, versions: Iterable[tuple[Any, str, str]]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    unknown: dict[Any, tuple[str, str]] = {}
    for number, dag_id, dag_hash in versions:
        with _lock:
            known = _known.get((dag_id, dag_hash))
        if known is not None:
            found[dag_id] = known
        elif len(unknown) < READ:
            unknown[number] = (dag_id, dag_hash)
    for some in batches(unknown):
        for row in session.scalars(
            select(SerializedDagModel).where(SerializedDagModel.id.in_(some))
        ):
            found[row.dag_id] = kinds_of(row.data)
            _remember(unknown[row.id], found[row.dag_id])
            session.expunge(row)
    return found


def _remember(version: tuple[str, str], kinds: dict[str, str]) -> None:
    with _lock:
        _known[version] = kinds
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
