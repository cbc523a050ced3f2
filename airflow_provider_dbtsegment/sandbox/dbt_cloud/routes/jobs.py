"""``/jobs/``"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success, success_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.artifacts import send_artifact
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import (
    BaseUrl,
    KnownJob,
    Related,
    Service,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.trigger_request import TriggerRequest

FILTERS: dict[str, query.Filter] = {
    "environment_id": query.equal("environment_id"),
    "name__icontains": query.contains("name"),
    "pk": query.equal("id"),
    "pk__in": query.within("id"),
    "project_id": query.equal("project_id"),
    "project_id__in": query.within("project_id"),
    "state": query.state,
}

router = APIRouter(prefix="/jobs")


@router.get("/")
def list_jobs(request: Request, service: Service, related: Related, base: BaseUrl) -> JSONResponse:
    """List jobs."""
    page = query.select(
        service.catalog.jobs.values(), request.query_params, FILTERS, orders=("id", "name")
    )
    return success_page(page, [service.show_job(job, related, base) for job in page.items])


@router.get("/{job_id}/")
def get_job(job: KnownJob, service: Service, related: Related, base: BaseUrl) -> JSONResponse:
    """Show a job."""
    return success(service.show_job(job, related, base))


@router.post("/{job_id}/run/")
def trigger_run(
    job: KnownJob, body: TriggerRequest, service: Service, base: BaseUrl
) -> JSONResponse:
    """Start a run, and show it with its trigger and its job."""
    run = service.runs.trigger(job, **body.model_dump())
    return success(service.show_run(run, base, {"trigger", "job"}))


@router.post("/{job_id}/rerun/")
def rerun_job(job: KnownJob, service: Service, base: BaseUrl) -> JSONResponse:
    """Resume the newest run if it failed, else start a new one."""
    run = service.runs.rerun(job)
    return success(service.show_run(run, base, {"trigger", "job"}))


@router.get("/{job_id}/artifacts/{remainder:path}")
def get_job_artifact(job: KnownJob, remainder: str, service: Service) -> Response:
    """Send an artifact of the newest finished run that has it."""
    for run in reversed(service.runs.store.all()):
        if run.job_id == job.id and run.artifacts_saved:
            return send_artifact(service.runs.folder(run), remainder, step=None)
    raise NotFoundError
