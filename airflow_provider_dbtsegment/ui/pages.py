"""The pages: read, draw, render."""

from __future__ import annotations

from collections.abc import Mapping
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
)
from airflow_provider_dbtsegment.ui.pictures import overview as lines
from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.reading.history import read_history
from airflow_provider_dbtsegment.ui.reading.pipelines import newest_first, read_pipelines
from airflow_provider_dbtsegment.ui.reading.run import RunReading
from airflow_provider_dbtsegment.ui.rendering import render

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The overview shows so many pipelines, those with the newest runs; a search finds the others.
SHOWN = 100


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
        took=lines.seconds_of(reading.run, now),
    )


def overview(
    session: Session, places: Places, dags: Mapping[str, bool], query: str, now: datetime
) -> str:
    """
    Return the overview.

    :param dags: The pipelines that the user may see, each with whether it is paused.
    :param query: What the user has searched for.
    """
    ids = newest_first(session, dags.keys(), SHOWN)
    pipelines = read_pipelines(session, {dag_id: dags[dag_id] for dag_id in ids})
    mappings = freshness.draw(pipelines, now)
    return render(
        "overview.html",
        places=places,
        query=query,
        attention=attention.draw(pipelines, mappings, now),
        lines=lines.draw(pipelines, now),
        mappings=mappings,
        more=len(dags) - len(ids),
    )
