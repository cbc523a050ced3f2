"""Pages for people: the newest runs, and one run."""

from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times, views
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.artifacts import send_artifact
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

REFRESH = '<meta http-equiv="refresh" content="2">'
NOT_FOUND = "<!doctype html><title>Not found</title><p>There is no such run in this sandbox.</p>"
NO_DOCS = "<!doctype html><title>Not found</title><p>This run has made no documentation."
NEWEST = 50


class PageRoute(APIRoute):
    """For people; whoever asks for JSON at the same address means Segment's API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave requests for JSON to others."""
        if "json" in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)


def create_pages(service: DbtCloud) -> APIRouter:
    """Make the front page, and what a run's ``href`` points at; they need no token."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    @router.get("/")
    def front_page() -> HTMLResponse:
        return HTMLResponse(render_front(service))

    @router.get("/deploy/{account_id}/projects/{project_id}/runs/{run_id}")
    def run_page(account_id: int, project_id: int, run_id: int) -> HTMLResponse:
        try:
            run = service.runs.get(run_id)
        except NotFoundError:
            return HTMLResponse(NOT_FOUND, status_code=404)
        if (account_id, project_id) != (service.account_id, run.project_id):
            return HTMLResponse(NOT_FOUND, status_code=404)
        return HTMLResponse(render(service, run))

    @router.get("/accounts/{account_id}/runs/{run_id}/docs/{name:path}")
    def documentation(account_id: int, run_id: int, name: str) -> Response:
        if account_id != service.account_id:
            return HTMLResponse(NO_DOCS, status_code=404)
        try:
            # The page of dbt asks for its data beside it.
            folder = service.runs.folder(service.runs.get(run_id))
            return send_artifact(folder, name or "index.html", None)
        except NotFoundError:
            return HTMLResponse(NO_DOCS, status_code=404)

    return router


def render_front(service: DbtCloud) -> str:
    """Write the page that lists the newest runs."""
    newest = service.runs.store.all()[: -NEWEST - 1 : -1]
    rows = [
        f'<li><a href="{views.run_path(service.account_id, run)}">Run {run.id}</a> '
        f"{escape(_job_name(service, run))}: {run.status.humanized}"
        for run in newest
    ]
    runs = f"<ul>{''.join(rows)}</ul>" if rows else "<p>No job has run yet.</p>"
    return f"<!doctype html><meta charset=utf-8><title>Sandbox</title><h1>Sandbox</h1>{runs}"


def render(service: DbtCloud, run: Run) -> str:
    """Write the page of a run; whatever comes from outside is escaped."""
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    facts = _facts(run, service.clock.now())
    message = f'<p class="message">{escape(run.status_message)}</p>' if run.status_message else ""
    return template.substitute(
        refresh="" if run.status.is_terminal else REFRESH,
        run_id=run.id,
        job=escape(_job_name(service, run)),
        status=run.status.humanized,
        color=run.status.color,
        message=message,
        facts="".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items()),
        steps="\n".join(_step(service, run, step) for step in run.steps),
    )


def _job_name(service: DbtCloud, run: Run) -> str:
    job = service.catalog.job(run.job_id)
    return job.name if job is not None else f"Job {run.job_id}"


def _facts(run: Run, at: datetime) -> dict[str, str]:
    facts = {
        "Run": str(run.id),
        "Cause": run.trigger.cause,
        "Created": f"{run.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "Duration": times.humanized((run.finished_at or at) - run.created_at),
        "Branch": run.git_branch or "",
        "Commit": (run.git_sha or "")[:12],
        "dbt": run.dbt_version or "",
        "Retries run": str(run.retrying_run_id or ""),
    }
    return {name: value for name, value in facts.items() if value}


def _step(service: DbtCloud, run: Run, step: Step) -> str:
    log = service.runs.folder(run).read_log(step.index)
    length = ""
    if step.started_at is not None:
        length = times.humanized((step.finished_at or service.clock.now()) - step.started_at)
    is_open = " open" if step.status in (Status.RUNNING, Status.ERROR) else ""
    return (
        f'<details{is_open}><summary><span class="dot" style="background:{step.status.color}">'
        f"</span><span>{escape(step.name)}</span>"
        f'<span class="time">{step.status.humanized} {length}</span></summary>'
        f"<pre>{escape(log)}</pre></details>"
    )
