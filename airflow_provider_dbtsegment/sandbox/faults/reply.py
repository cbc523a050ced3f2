"""An answer as a whole, and what can be made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import envelope
from airflow_provider_dbtsegment.sandbox.faults.fault import Fault
from airflow_provider_dbtsegment.sandbox.faults.ledger import DBT_CLOUD, SEGMENT
from airflow_provider_dbtsegment.sandbox.segment.errors import ApiError
from airflow_provider_dbtsegment.sandbox.segment.media import ALPHA, BETA

Headers = tuple[tuple[bytes, bytes], ...]

_NO_JSON = '{"status": {"code": 200, "is_succ'
_MESSAGES = {
    401: "Invalid token",
    404: "The requested resource was not found.",
    429: "Rate limit exceeded.",
    500: "Internal server error",
}
_SEGMENT_TYPES = {
    400: "bad-request",
    401: "unauthorized",
    404: "not-found",
    409: "conflict",
    422: "validation",
    429: "too-many-requests",
    500: "internal",
}


@dataclass(frozen=True)
class Reply:
    """Status, headers with small names, and the whole body."""

    status: int
    headers: Headers
    body: bytes


def service_of(path: str) -> str:
    """Tell whose path it is."""
    return DBT_CLOUD if path.startswith("/api/") else SEGMENT


def answered(fault: Fault, path: str) -> Reply:
    """Make the reply of ``answer``: by default an error in the envelope of the service."""
    status = fault.status or 500
    content_type = _json_type(path)
    body = fault.body
    if body is None:
        body = refusal(path, status, fault.headers.get("Retry-After"))
    if isinstance(body, str):
        content_type = "text/html" if body.lstrip().startswith("<") else "text/plain"
        content_type += "; charset=utf-8"
    else:
        body = json.dumps(body)
    given = {name.lower(): value for name, value in fault.headers.items()}
    return _reply(status, {"content-type": content_type, **given}, body)


def not_found(path: str) -> Reply:
    """Say that there is no such thing."""
    return answered(Fault(route=".", action="answer", status=404), path)


def refusal(path: str, status: int, retry_after: str | None = None) -> dict[str, Any]:
    """Return an error as the service that is asked writes it."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else f"Status {status}"
    message = _MESSAGES.get(status, phrase)
    if service_of(path) == DBT_CLOUD:
        return envelope.refused(status, message)
    data = None
    if status == HTTPStatus.TOO_MANY_REQUESTS and retry_after and retry_after.isdecimal():
        data = {"remainingPoints": 0, "msBeforeNext": int(retry_after) * 1000}
    type_ = _SEGMENT_TYPES.get(status, phrase.lower().replace(" ", "-"))
    return ApiError(status, type_, message, data=data).envelope()


def wrong_json(fault: Fault, reply: Reply) -> Reply:
    """Put something into the place of the body that is not JSON."""
    body = (_NO_JSON if fault.body is None else fault.body).encode()
    return replace(reply, status=fault.status or 200, body=body)


def without(reply: Reply, entries: int | None) -> Reply:
    """Take the first so many entries out of a list, whose total stays; None takes all."""
    return _with_list(reply, lambda found: found[len(found) if entries is None else entries :])


def without_those(reply: Reply, is_hidden: Callable[[str], bool]) -> Reply:
    """Take runs or syncs out of a list as if there were none."""

    def keep(found: list[Any]) -> list[Any]:
        return [one for one in found if not is_hidden(_id_of(one))]

    return _with_list(reply, keep, counts=True)


def _with_list(
    reply: Reply, change: Callable[[list[Any]], list[Any]], *, counts: bool = False
) -> Reply:
    try:
        content = json.loads(reply.body)
    except ValueError:
        return reply
    holder, name = _list_in(content)
    if holder is None:
        return reply
    before = len(holder[name])
    holder[name] = change(holder[name])
    missing = before - len(holder[name])
    pagination = (content.get("extra") or {}).get("pagination") or {}
    if "count" in pagination:
        pagination["count"] -= missing
    if counts and "total_count" in pagination:
        pagination["total_count"] -= missing
    if counts and holder is not content:
        holder["pagination"]["totalEntries"] -= missing
    return replace(reply, body=json.dumps(content).encode())


def _list_in(content: Any) -> tuple[dict[str, Any] | None, str]:
    """Return what holds the list of an answer, and under which name."""
    if not isinstance(content, dict):
        return None, ""
    data = content.get("data")
    if isinstance(data, list):
        return content, "data"
    if isinstance(data, dict) and "pagination" in data:  # so a list of Segment's looks
        for name, value in data.items():
            if isinstance(value, list):
                return data, name
    return None, ""


def _id_of(entry: Any) -> str:
    return str(entry.get("syncId", entry.get("id"))) if isinstance(entry, dict) else ""


def _json_type(path: str) -> str:
    if service_of(path) == DBT_CLOUD:
        return "application/json"
    return BETA if path.startswith("/dbt-model-syncs") else ALPHA


def _reply(status: int, headers: Mapping[str, str], body: str) -> Reply:
    written = tuple((name.encode(), value.encode()) for name, value in headers.items())
    return Reply(status, written, b"" if status in (204, 304) else body.encode())
