"""The form that every JSON answer has."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import BAD_REQUEST, ApiError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import Page


def success(data: Any) -> JSONResponse:
    """Answer with one thing."""
    return JSONResponse(enveloped(data))


def success_page(page: Page[Any], data: Sequence[Any]) -> JSONResponse:
    """Answer with a page of a list."""
    return JSONResponse(enveloped_page(page, data))


def enveloped(data: Any, code: int = 200) -> dict[str, Any]:
    """Put one thing into the envelope."""
    return {"status": _status(code, "Success!"), "data": data}


def enveloped_page(page: Page[Any], data: Sequence[Any]) -> dict[str, Any]:
    """Put a page of a list into the envelope."""
    return {
        **enveloped(list(data)),
        "extra": {
            "filters": {"limit": page.limit, "offset": page.offset, **page.filters},
            "order_by": page.order_by,
            "pagination": {"count": len(data), "total_count": page.total_count},
        },
    }


def failure(code: int, message: str, data: Any = None) -> JSONResponse:
    """Answer that something is wrong."""
    return JSONResponse(refused(code, message, data), status_code=code)


def refused(code: int, message: str, data: Any = None) -> dict[str, Any]:
    """Put what is wrong into the envelope."""
    return {"status": _status(code, message), "data": data}


async def on_api_error(_: Request, error: Exception) -> JSONResponse:
    """Answer a refusal of ours."""
    if not isinstance(error, ApiError):
        raise error
    return failure(error.code, error.message, error.data)


async def on_http_error(_: Request, error: Exception) -> JSONResponse:
    """Answer a path or a method that does not exist."""
    if not isinstance(error, HTTPException):
        raise error
    return failure(error.status_code, str(error.detail))


async def on_invalid(_: Request, error: Exception) -> JSONResponse:
    """Answer parameters or a body of the wrong shape."""
    if not isinstance(error, RequestValidationError):
        raise error
    wrong: dict[str, list[str]] = {}
    for one in error.errors():
        field = ["body", *one["loc"]][-1] if one["type"] != "json_invalid" else "body"
        wrong.setdefault(str(field), []).append(str(one["msg"]))
    return failure(400, BAD_REQUEST, wrong)


async def on_crash(_: Request, error: Exception) -> JSONResponse:
    """Answer a fault of the sandbox."""
    return failure(500, "Internal server error", f"{type(error).__name__}: {error}")


def _status(code: int, message: str) -> dict[str, Any]:
    return {
        "code": code,
        "is_success": code < 300,
        "user_message": message,
        "developer_message": "",
    }
