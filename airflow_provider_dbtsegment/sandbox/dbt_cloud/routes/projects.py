"""``/projects/``"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success, success_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import Service

FILTERS: dict[str, query.Filter] = {
    "name__icontains": query.contains("name"),
    "pk": query.equal("id"),
    "pk__gt": query.greater("id"),
    "pk__in": query.within("id"),
    "state": query.state,
}

router = APIRouter(prefix="/projects")


@router.get("/")
def list_projects(request: Request, service: Service) -> JSONResponse:
    """List projects."""
    page = query.select(
        service.catalog.projects.values(), request.query_params, FILTERS, orders=("id", "name")
    )
    return success_page(page, [service.show_project(one.id) for one in page.items])


@router.get("/{project_id}/")
def get_project(project_id: int, service: Service) -> JSONResponse:
    """Show a project."""
    if project_id not in service.catalog.projects:
        raise NotFoundError
    return success(service.show_project(project_id))
