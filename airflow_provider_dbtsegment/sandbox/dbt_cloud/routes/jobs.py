"""``/jobs/``"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.artifacts import send_artifact
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import (
    BaseUrl,
    Caller,
    KnownJob,
    Service,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.trigger_request import TriggerBody

router = APIRouter(prefix="/jobs")


@router.post("/{job_id}/run/")
def trigger_run(
    job: KnownJob, body: TriggerBody, service: Service, caller: Caller, base: BaseUrl
) -> JSONResponse:
    """Start a run, and show it with its trigger and its job."""
    run = service.runs.trigger(job, by=caller, **body.model_dump())
    service.note_run(caller, "added", run)
    return success(service.show_run(run, base, {"trigger", "job"}))


@router.post("/{job_id}/rerun/")
def rerun_job(job: KnownJob, service: Service, caller: Caller, base: BaseUrl) -> JSONResponse:
    """Resume the newest run if it failed, else start a new one."""
    run = service.runs.rerun(job, by=caller)
    service.note_run(caller, "added", run)
    return success(service.show_run(run, base, {"trigger", "job"}))


@router.get("/{job_id}/artifacts/{remainder:path}")
def get_job_artifact(job: KnownJob, remainder: str, service: Service) -> Response:
    """Send an artifact of the newest finished run that has it."""
    for run in reversed(service.runs.store.all()):
        if run.job_id == job.id and run.artifacts_saved:
            return send_artifact(service.runs.folder(run), remainder, step=None)
    raise NotFoundError
