"""The app that the API server mounts: its routes, and what all its answers have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from airflow_provider_dbtsegment.ui.places import Places
from airflow_provider_dbtsegment.ui.rendering import render
from airflow_provider_dbtsegment.ui.routes import router

#: Nothing but our own files, from the server that the page is from; nothing inline is run.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_WORDS = {
    401: "You are not logged in to Airflow, or no longer: log in and open this page again.",
    403: "You may not see this DAG's tasks and XComs, of which this page is made.",
    404: "There is no such thing here: it may have been deleted.",
}


def create_app() -> FastAPI:
    """Return the app."""
    app = FastAPI(
        title="dbt → Segment", openapi_url=None, docs_url=None, redoc_url=None, debug=False
    )
    app.include_router(router)
    app.add_exception_handler(StarletteHTTPException, _error_page)
    app.middleware("http")(_with_headers)
    return app


async def _with_headers(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    response.headers.update(_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _error_page(request: Request, error: Exception) -> Response:
    """Return a page that says what is wrong; the status is the one that Airflow gives."""
    status = error.status_code if isinstance(error, StarletteHTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    page = render(
        "error.html",
        places=Places(request.scope.get("root_path", "")),
        title=f"{status} {HTTPStatus(status).phrase}",
        words=_WORDS.get(status, "This page cannot be shown."),
    )
    return HTMLResponse(page, status_code=status, headers=dict(headers or {}))
