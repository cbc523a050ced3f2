"""``/runs/`` and ``/steps/``"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success, success_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError, NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.plan import failed_step, skipped_steps
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import (
    BaseUrl,
    Caller,
    KnownRun,
    Related,
    Service,
)

FILTERS: dict[str, query.Filter] = {
    "created_at__range": query.between("created_at"),
    "dbt_version": query.equal("dbt_version", str),
    "dbt_version__in": query.within("dbt_version"),
    "deferring_run_id": lambda text: lambda _: not int(text),
    "environment_id": query.equal("environment_id"),
    "finished_at__range": query.between("finished_at"),
    "has_docs_generated": query.equal("has_docs_generated", query.boolean),
    "has_sources_generated": query.equal("has_sources_generated", query.boolean),
    "id__gt": query.greater("id"),
    "job_definition_id": query.equal("job_id"),
    "pk": query.equal("id"),
    "pk__in": query.within("id"),
    "project_id": query.equal("project_id"),
    "project_id__in": query.within("project_id"),
    "state": query.state,
    "status": query.equal("status"),
    "status__in": query.within("status"),
}
ORDERS = ("id", "created_at", "finished_at")
LIST_RELATED = {"trigger", "job", "environment", "audit", "debug_logs"}

router = APIRouter()


@router.get("/runs/")
def list_runs(request: Request, service: Service, related: Related, base: BaseUrl) -> JSONResponse:
    """List runs."""
    page = query.select(service.runs.store.all(), request.query_params, FILTERS, ORDERS)
    shown = related & LIST_RELATED
    return success_page(page, [service.show_run(run, base, shown) for run in page.items])


@router.get("/runs/{run_id}/")
def get_run(run: KnownRun, service: Service, related: Related, base: BaseUrl) -> JSONResponse:
    """Show a run."""
    return success(service.show_run(run, base, related))


@router.post("/runs/{run_id}/cancel")  # as the vendor's own client spells it
@router.post("/runs/{run_id}/cancel/")
def cancel_run(run: KnownRun, service: Service, caller: Caller, base: BaseUrl) -> JSONResponse:
    """End a run."""
    cancelled = service.runs.cancel(run, by=caller)
    service.note_run(caller, "cancelled", cancelled)
    return success(service.show_run(cancelled, base, set()))


@router.get("/runs/{run_id}/retry/")
def get_failure_details(run: KnownRun, service: Service) -> JSONResponse:
    """Show which step of a run failed, and which ones were skipped."""
    failed = failed_step(run)
    if failed is None:
        raise ApiError(400, f"Run {run.id} has no failed step.")
    return success(
        {"failed_step": failed.name, "skipped_steps": [step.name for step in skipped_steps(run)]}
    )


@router.post("/runs/{run_id}/retry/")
def retry_run(run: KnownRun, service: Service, caller: Caller, base: BaseUrl) -> JSONResponse:
    """Start a run that resumes a failed one."""
    retried = service.runs.retry(run, by=caller)
    service.note_run(caller, "added", retried)
    return success(service.show_run(retried, base, {"trigger", "job"}))


@router.get("/steps/{step_id}/")
def get_step(step_id: int, service: Service, related: Related) -> JSONResponse:
    """Show a step."""
    step = service.runs.store.step(step_id)
    if step is None:
        raise NotFoundError
    return success(service.show_step(service.runs.get(step.run_id), step, related))
