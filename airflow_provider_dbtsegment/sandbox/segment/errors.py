"""How Segment says no.

ApiError            an answer with a status and one problem
└── (made by bad_request, unauthorized, not_found, invalid, conflict, …)
SyncFailed          a sync ends as FAIL, with a code and a message for its status
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request that is answered with an error envelope."""

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        *,
        field: str | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type_
        self.message = message
        self.field = field
        self.data = data
        self.headers = headers or {}

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer."""
        problem: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.field is not None:
            problem["field"] = self.field
        if self.data is not None:
            problem["data"] = self.data
        problem["status"] = self.status
        return {"errors": [problem]}


class SyncFailed(Exception):
    """A sync cannot go on; code and message appear in its status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad_request(message: str) -> ApiError:
    """The request cannot be read."""
    return ApiError(400, "bad-request", message)


def unauthorized() -> ApiError:
    """The token is missing or wrong."""
    return ApiError(401, "unauthorized", "The token is missing, wrong, or lacks the permission.")


def not_found(noun: str, id_: str, field: str | None = None) -> ApiError:
    """There is no such thing under that id."""
    return ApiError(404, "not-found", f"There is no {noun} with the id {id_!r}.", field=field)


def conflict(message: str, data: dict[str, Any]) -> ApiError:
    """The request does not fit the present state."""
    return ApiError(409, "conflict", message, data=data)


def invalid(field: str, message: str) -> ApiError:
    """One field of the request holds something that it may not hold."""
    return ApiError(422, "validation", message, field=field)
