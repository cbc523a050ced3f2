"""The pages by their addresses; all of them only read."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, TypeVar

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from airflow_provider_dbtsegment.ui import pages, tables
from airflow_provider_dbtsegment.ui.access import SEES_DAG, GetUserDep, readable
from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.reading.dags import newest_first, pipelines
from airflow_provider_dbtsegment.ui.reading.rows import find_run
from airflow_provider_dbtsegment.ui.reading.run import RunReading, read_run
from airflow_provider_dbtsegment.ui.rendering import STATIC, static_file

router = APIRouter()
T = TypeVar("T")
#: Of so many pipelines at most it is asked who may see them, those with the newest runs.
ASKED = 1000


def _places(request: Request) -> Places:
    return Places(request.scope.get("root_path", "").rstrip("/"))


def _task_reading(
    dag_id: str, run_id: str, task_id: str, map_index: str, session: SessionDep
) -> RunReading:
    is_mapped = map_index.isascii() and map_index.isdigit() and len(map_index) < 9
    task = (task_id, int(map_index) if is_mapped else -1)
    return _found(read_run(session, dag_id, run_id, task))


PlacesDep = Annotated[Places, Depends(_places)]
#: One task of a run alone.
TaskReading = Annotated[RunReading, Depends(_task_reading)]
PageNumber = Annotated[int, Query(ge=1, le=10_000)]
#: Whether a script puts the answer into a page, which needs no head of its own.
PartOfPage = Annotated[bool, Query(alias="part")]


@router.get("/overview")
def overview(
    user: GetUserDep,
    session: SessionDep,
    places: PlacesDep,
    q: str = "",
    page: PageNumber = 1,
) -> HTMLResponse:
    """Show the pipelines that the user may see; `q` is a part of their names."""
    found = pipelines(session, q)
    asked = [found[dag_id] for dag_id in newest_first(session, found)[:ASKED]]
    html = pages.overview(
        session,
        places,
        [*readable(asked, user)],
        query=q,
        page=page,
        is_all=len(asked) == len(found),
        now=_now(),
    )
    return HTMLResponse(html)


@router.get("/run/{dag_id}/{run_id:path}", dependencies=SEES_DAG)
def run(dag_id: str, run_id: str, session: SessionDep, places: PlacesDep) -> HTMLResponse:
    """Show a DAG run."""
    reading = _found(read_run(session, dag_id, run_id))
    return HTMLResponse(pages.run(session, places, reading, _now()))


@router.get("/task/{dag_id}/{task_id}/{map_index}/{run_id:path}", dependencies=SEES_DAG)
def task(
    task_id: str, reading: TaskReading, session: SessionDep, places: PlacesDep
) -> HTMLResponse:
    """Show a task of a DAG run; of an unmapped one Airflow does not fill in the map index."""
    return HTMLResponse(pages.run(session, places, reading, _now(), task_id=task_id))


@router.get("/nodes/{dag_id}/{task_id}/{map_index}/{run_id:path}", dependencies=SEES_DAG)
def nodes(
    reading: TaskReading,
    session: SessionDep,
    places: PlacesDep,
    sort: str = "began",
    tone: str = "",
    page: PageNumber = 1,
    part: PartOfPage = False,
) -> HTMLResponse:
    """Show the nodes of a dbt run as a table, a page of it at a time."""
    return HTMLResponse(
        tables.nodes(session, places, reading, sort=sort, tone=tone, page=page, part=part)
    )


@router.get("/trend/{dag_id}/{run_id:path}", dependencies=SEES_DAG)
def trend(
    dag_id: str, run_id: str, session: SessionDep, places: PlacesDep, part: PartOfPage = False
) -> HTMLResponse:
    """Show the numbers of the last syncs of every mapping."""
    found = _found(find_run(session, dag_id, run_id))
    return HTMLResponse(tables.trend(session, places, found, part=part))


@router.get("/runs/{dag_id}", dependencies=SEES_DAG)
def runs(
    dag_id: str, session: SessionDep, places: PlacesDep, part: PartOfPage = False
) -> HTMLResponse:
    """Show the last runs of a DAG as a table."""
    return HTMLResponse(tables.runs(session, places, dag_id, _now(), part=part))


@router.get("/static/{name}")
def static(name: str, user: GetUserDep) -> Response:
    """Return one of our files; a name that is not listed is none."""
    if name not in STATIC:
        raise HTTPException(404)
    # Its address changes with it.
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(static_file(name), media_type=STATIC[name], headers=kept)


def _found(found: T | None) -> T:
    if found is None:
        raise HTTPException(404)
    return found


def _now() -> datetime:
    return datetime.now(timezone.utc)
