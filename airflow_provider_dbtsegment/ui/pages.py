"""The pages: read, draw, render."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.ui.pictures import (
    attention,
    broken,
    critical_path,
    freshness,
    funnel,
    skipped,
    slowest,
    timeline,
    tones,
)
from airflow_provider_dbtsegment.ui.pictures import overview as lines
from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.reading.dags import DagRow
from airflow_provider_dbtsegment.ui.reading.history import read_history
from airflow_provider_dbtsegment.ui.reading.pipelines import (
    read_pipelines,
    with_history,
    worst_first,
)
from airflow_provider_dbtsegment.ui.reading.run import RunReading
from airflow_provider_dbtsegment.ui.rendering import render

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: On a page of the overview are so many pipelines, and of their mappings so many: the worst first.
PIPELINES, MAPPINGS = 50, 100


def run(
    session: Session, places: Places, reading: RunReading, now: datetime, *, task_id: str = ""
) -> str:
    """
    Return the page of a DAG run, or of one of its tasks.

    :param task_id: Of the one task that the page is about.
    """
    history = read_history(session, reading)
    rows = funnel.draw(reading, history)
    parts = reading.dbt
    return render(
        "run.html",
        places=places,
        reading=reading,
        task_id=task_id,
        history=history,
        causes=broken.draw(reading),
        timeline=timeline.draw(reading, history, now),
        funnel=rows,
        total=funnel.total(rows),
        paths=[path for part in parts if (path := critical_path.draw(part, history))],
        slowest=[slow for part in parts if (slow := slowest.draw(part, history))],
        skipped=[group for part in parts if (group := skipped.draw(part))],
        not_run=skipped.tasks_not_run(reading),
        tone=tones.of_state(reading.run.state),
        took=lines.seconds_of(reading.run, now),
    )


def overview(
    session: Session,
    places: Places,
    dags: Sequence[DagRow],
    *,
    query: str,
    page: int,
    is_all: bool,
    now: datetime,
) -> str:
    """
    Return the overview.

    :param dags: The pipelines that the user may see, the newest first.
    :param query: What the user has searched for.
    :param is_all: Whether there are no more than these.
    """
    pages = max(1, -(-len(dags) // PIPELINES))
    page = min(page, pages)
    first = (page - 1) * PIPELINES
    shown = worst_first(session, dags, now)[first : first + PIPELINES]
    pipelines = read_pipelines(session, shown)
    known = freshness.draw(pipelines, now)
    worst = {(row.dag_id, row.key) for row in known[:MAPPINGS]}
    pipelines = with_history(session, pipelines, worst)
    mappings = freshness.draw(pipelines, now, worst)
    return render(
        "overview.html",
        places=places,
        query=query,
        attention=attention.draw(pipelines, mappings, now),
        lines=lines.draw(pipelines, now),
        mappings=mappings,
        known=len(known),
        unread=[pipeline for pipeline in pipelines if pipeline.unread],
        number=len(dags),
        is_all=is_all,
        first=first + 1,
        page=page,
        pages=pages,
    )
