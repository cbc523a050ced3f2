"""The pages by their addresses; all of them only read."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from airflow_provider_dbtsegment.ui import pages, tables
from airflow_provider_dbtsegment.ui.access import SEES_DAG, GetUserDep, readable
from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.reading.rows import RunRow, find_run, pipelines
from airflow_provider_dbtsegment.ui.reading.run import RunReading, read_run
from airflow_provider_dbtsegment.ui.rendering import STATIC, static_file

router = APIRouter()


def _places(request: Request) -> Places:
    return Places(request.scope.get("root_path", "").rstrip("/"))


PlacesDep = Annotated[Places, Depends(_places)]
#: Whether a script puts the answer into a page, which needs no head of its own.
PartOfPage = Annotated[bool, Query(alias="part")]


@router.get("/overview")
def overview(
    request: Request, user: GetUserDep, session: SessionDep, places: PlacesDep, q: str = ""
) -> HTMLResponse:
    """Show the pipelines that the user may see; `q` is a part of their names."""
    wanted = {dag: paused for dag, paused in pipelines(session).items() if q.lower() in dag.lower()}
    seen = readable(wanted, request, user)
    shown = {dag: paused for dag, paused in wanted.items() if dag in seen}
    return HTMLResponse(pages.overview(session, places, shown, q, _now()))


@router.get("/run/{dag_id}/{run_id:path}", dependencies=SEES_DAG)
def run(dag_id: str, run_id: str, session: SessionDep, places: PlacesDep) -> HTMLResponse:
    """Show a DAG run."""
    reading = _reading(session, dag_id, run_id)
    return HTMLResponse(pages.run(session, places, reading, _now()))


@router.get("/task/{dag_id}/{task_id}/{map_index}/{run_id:path}", dependencies=SEES_DAG)
def task(
    dag_id: str,
    task_id: str,
    map_index: str,
    run_id: str,
    session: SessionDep,
    places: PlacesDep,
) -> HTMLResponse:
    """Show a task of a DAG run; of an unmapped one Airflow does not fill in the map index."""
    reading = _reading(session, dag_id, run_id).only(task_id, _index(map_index))
    return HTMLResponse(pages.run(session, places, reading, _now(), task_id=task_id))


@router.get("/nodes/{dag_id}/{task_id}/{map_index}/{run_id:path}", dependencies=SEES_DAG)
def nodes(
    dag_id: str,
    task_id: str,
    map_index: str,
    run_id: str,
    session: SessionDep,
    places: PlacesDep,
    sort: str = "began",
    tone: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    part: PartOfPage = False,
) -> HTMLResponse:
    """Show the nodes of a dbt run as a table, a page of it at a time."""
    reading = _reading(session, dag_id, run_id).only(task_id, _index(map_index))
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


def _reading(session: SessionDep, dag_id: str, run_id: str) -> RunReading:
    reading = read_run(session, dag_id, run_id)
    if reading is None:
        raise HTTPException(404)
    return reading


def _found(found: RunRow | None) -> RunRow:
    if found is None:
        raise HTTPException(404)
    return found


def _index(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else -1


def _now() -> datetime:
    return datetime.now(timezone.utc)
