"""The long tables behind the pictures, which are read when somebody opens them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.overview import seconds_of
from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.reading.dags import SYNC_SUMMARY
from airflow_provider_dbtsegment.ui.reading.history import TREND, past_syncs, read_history
from airflow_provider_dbtsegment.ui.reading.rows import RunRow, last_runs, runs_before, xcoms_of
from airflow_provider_dbtsegment.ui.reading.run import RunReading
from airflow_provider_dbtsegment.ui.reading.timeline import Node
from airflow_provider_dbtsegment.ui.rendering import render

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: Nodes on one page of their table.
PAGE = 200


class NodeLine(NamedTuple):
    """A node in the table."""

    node: Node
    tone: str
    thread: str
    step: str
    usual: float | None
    cause: str
    critical: bool


_SORTS: dict[str, Callable[[NodeLine], Any]] = {
    "began": lambda line: line.node.start,
    "took": lambda line: -line.node.seconds,
    "name": lambda line: line.node.name,
    "thread": lambda line: (line.thread, line.node.start),
    "status": lambda line: (tones.TONES.index(line.tone), line.node.start),
}


def nodes(
    session: Session,
    places: Places,
    reading: RunReading,
    *,
    sort: str,
    tone: str,
    page: int,
    part: bool,
) -> str:
    """
    Return the table of a task's nodes.

    :param sort: ``began``, ``took``, ``name``, ``thread`` or ``status``.
    :param tone: The colour of the only nodes to show.
    :param part: Whether it goes into a page that is there already.
    """
    sort = sort if sort in _SORTS else "began"
    lines = [line for line in _lines(session, reading) if tone in ("", line.tone)]
    lines.sort(key=_SORTS[sort])
    pages = max(1, -(-len(lines) // PAGE))
    page = min(page, pages)
    return render(
        "nodes.html",
        places=places,
        reading=reading,
        lines=lines[(page - 1) * PAGE : page * PAGE],
        number=len(lines),
        first=(page - 1) * PAGE + 1,
        sort=sort,
        tone=tone,
        page=page,
        pages=pages,
        part=part,
    )


def _lines(session: Session, reading: RunReading) -> list[NodeLine]:
    task = next(iter(reading.dbt), None)
    run = task.dbt if task else None
    timeline = run.timeline if run else None
    if task is None or run is None or timeline is None:
        return []
    usual = read_history(session, reading).usual.get(task.task.key, {})
    critical = frozenset(timeline.critical_path or ())
    steps = dict(enumerate(step.name for step in run.steps))
    causes = {
        place: timeline.nodes[cause].name for place, cause in timeline.skipped if cause is not None
    }
    return [
        NodeLine(
            node=node,
            tone=tones.of_node(node.status),
            thread="" if node.thread is None else timeline.threads[node.thread],
            step="" if node.step is None else steps.get(node.step, ""),
            usual=usual.get((node.kind, node.name)),
            cause=causes.get(place, ""),
            critical=place in critical,
        )
        for place, node in enumerate(timeline.nodes)
    ]


def trend(session: Session, places: Places, run: RunRow, *, part: bool) -> str:
    """Return the numbers of the last syncs of every mapping up to a run."""
    runs = runs_before(session, run, TREND)
    syncs = past_syncs(xcoms_of(session, runs, [SYNC_SUMMARY]), runs)
    rows = [
        (past.mapping, past, tones.of_sync(past.sync))
        for key in sorted(syncs)
        for past in reversed(syncs[key])
    ]
    return render("trend.html", places=places, run=run, rows=rows, part=part)


def runs(session: Session, places: Places, dag_id: str, now: datetime, *, part: bool) -> str:
    """Return the last runs of a DAG."""
    found = last_runs(session, [dag_id], TREND).get(dag_id, [])
    rows = [(run, tones.of_state(run.state), seconds_of(run, now)) for run in found]
    return render("runs.html", places=places, dag_id=dag_id, rows=rows, part=part)
