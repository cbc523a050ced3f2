"""``/environments/``, of the account in version 2 and of a project in version 3."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from airflow_provider_dbtsegment.sandbox.dbt_cloud import query
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Environment
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success, success_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import Service

FILTERS: dict[str, query.Filter] = {
    "id__gt": query.greater("id"),
    "name": query.equal("name", str),
    "name__icontains": query.contains("name"),
    "pk": query.equal("id"),
    "pk__in": query.within("id"),
    "project_id": query.equal("project_id"),
    "project_id__in": query.within("project_id"),
    "state": query.state,
}

router = APIRouter(prefix="/environments")
project_router = APIRouter(prefix="/projects/{project_id}/environments")


@router.get("/")
def list_environments(request: Request, service: Service) -> JSONResponse:
    """List environments of all projects."""
    return _list(list(service.catalog.environments.values()), request, service)


@router.get("/{environment_id}/")
def get_environment(environment_id: int, service: Service) -> JSONResponse:
    """Show an environment."""
    return success(service.show_environment(_known(environment_id, service)))


@project_router.get("/")
def list_project_environments(project_id: int, request: Request, service: Service) -> JSONResponse:
    """List environments of a project."""
    if project_id not in service.catalog.projects:
        raise NotFoundError
    environments = [
        one for one in service.catalog.environments.values() if one.project_id == project_id
    ]
    return _list(environments, request, service)


@project_router.get("/{environment_id}/")
def get_project_environment(project_id: int, environment_id: int, service: Service) -> JSONResponse:
    """Show an environment of a project."""
    environment = _known(environment_id, service)
    if environment.project_id != project_id:
        raise NotFoundError
    return success(service.show_environment(environment))


def _list(environments: list[Environment], request: Request, service: Service) -> JSONResponse:
    page = query.select(environments, request.query_params, FILTERS, orders=("id", "name"))
    return success_page(page, [service.show_environment(one) for one in page.items])


def _known(environment_id: int, service: Service) -> Environment:
    environment = service.catalog.environments.get(environment_id)
    if environment is None:
        raise NotFoundError
    return environment
