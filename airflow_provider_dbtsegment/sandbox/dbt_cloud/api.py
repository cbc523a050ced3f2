"""The API as an app of its own, to be mounted at ``/api``."""

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from airflow_provider_dbtsegment.sandbox.dbt_cloud import envelope
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.guard import Guard
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes import (
    accounts,
    artifacts,
    environments,
    jobs,
    projects,
    runs,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import known_account
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def create_api(service: DbtCloud) -> FastAPI:
    """Make the app of one account."""
    guard = Guard(service.config.token, service.config.requests_per_minute)
    api = FastAPI(
        title="dbt Cloud sandbox",
        redirect_slashes=False,
        dependencies=[Depends(guard)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    api.state.dbt_cloud = service
    api.add_exception_handler(ApiError, envelope.on_api_error)
    api.add_exception_handler(HTTPException, envelope.on_http_error)
    api.add_exception_handler(RequestValidationError, envelope.on_invalid)
    api.add_exception_handler(Exception, envelope.on_crash)
    api.include_router(accounts.router)
    for version in ("v2", "v3"):
        account = APIRouter(
            prefix=f"/{version}/accounts/{{account_id}}", dependencies=[Depends(known_account)]
        )
        account.include_router(projects.router)
        if version == "v2":
            for module in (environments, jobs, artifacts, runs):
                account.include_router(module.router)
        else:
            account.include_router(environments.project_router)
        api.include_router(account)
    api.add_api_route("/{path:path}", _add_slash, methods=["GET"])
    return api


async def _add_slash(path: str, request: Request) -> Response:
    """Send a reader who forgot the slash at the end to the right path; writers get a 405."""
    if path.endswith("/"):
        raise HTTPException(404, "The requested resource was not found.")
    url = request.url.replace(path=f"{request.url.path}/")
    return RedirectResponse(str(url), status_code=308)
