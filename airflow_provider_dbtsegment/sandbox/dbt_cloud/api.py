"""The API as an app of its own, to be mounted at ``/api``."""

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from airflow_provider_dbtsegment.sandbox.dbt_cloud import envelope
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.guard import Guard
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.dispatch import dispatch
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes import artifacts, jobs, runs
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import known_account
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def create_api(service: DbtCloud) -> FastAPI:
    """Make the app of one account."""
    guard = Guard(service.owner_of, service.config.requests_per_minute)
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
    account = APIRouter(prefix="/v2/accounts/{account_id}", dependencies=[Depends(known_account)])
    for module in (jobs, artifacts, runs):
        account.include_router(module.router)
    api.include_router(account)

    async def answer(request: Request) -> Response:
        return await dispatch(request, service)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    api.add_api_route("/{path:path}", answer, methods=methods)
    return api
