"""From a request to the handler of its operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.beyond import WITHOUT_SLASH
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.contract import Found, contract
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Operation
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import actions
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import read_body
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.table import (
    COLLECTIONS,
    ITEMS,
    SPECIAL,
)

if TYPE_CHECKING:
    from fastapi import Request

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

Handler = Callable[[Call], Response]
ON_COLLECTION = {"GET": actions.list_records, "POST": actions.create}
ON_ITEM = {
    "GET": actions.get,
    "POST": actions.update,
    "PUT": actions.update,
    "PATCH": actions.update,
    "DELETE": actions.delete,
}


async def dispatch(request: Request, service: DbtCloud) -> Response:
    """Answer a request that none of the app's own routes knows."""
    found = _find(request.method, request.url.path)
    if found is None:
        return _refuse(request)
    operation, path = found
    handler = handler_of(operation)
    if handler is None:
        return _refuse(request)
    kind = request.headers.get("Content-Type", "")
    raw = await request.body()
    call = Call(
        service=service,
        operation=operation,
        path=path,
        query=request.query_params,
        body=read_body(raw, kind, operation),
        actor=request.state.actor,
        base_url=f"{request.url.scheme}://{request.url.netloc}",
        client=request.client.host if request.client else "",
        announces_json=kind.startswith("application/json"),
    )
    return await run_in_threadpool(_answer, call, handler)


def handler_of(operation: Operation) -> Handler | None:
    """Return what answers an operation; None for those that routes of the app answer."""
    special: Handler | None = SPECIAL.get(operation.key)
    if special is not None:
        return special
    path = operation.path.split("/", 3)[3]
    if path in COLLECTIONS and operation.method in ON_COLLECTION:
        resource, action = COLLECTIONS[path], ON_COLLECTION[operation.method]
    elif path in ITEMS and operation.method in ON_ITEM:
        resource, action = ITEMS[path], ON_ITEM[operation.method]
    else:
        return None
    return lambda call: action(call, resource)


def _answer(call: Call, handler: Handler) -> Response:
    call.check_path()
    for name in call.operation.required_query:
        if not call.query.get(name):
            raise InvalidError(name, "This parameter is required.")
    return handler(call)


def _find(method: str, path: str) -> Found | None:
    found = contract().find(method, path)
    if found is None and not path.endswith("/"):
        found = contract().find(method, f"{path}/")
        return found if found is not None and found[0].key in WITHOUT_SLASH else None
    return found


def _refuse(request: Request) -> Response:
    """Send a reader who forgot the slash to the right path; refuse everything else."""
    path = request.url.path
    if request.method == "GET" and not path.endswith("/"):
        return RedirectResponse(str(request.url.replace(path=f"{path}/")), status_code=308)
    known = contract().methods(path) | contract().methods(f"{path}/")
    if known:
        raise HTTPException(405, "Method Not Allowed")
    raise HTTPException(404, "The requested resource was not found.")
