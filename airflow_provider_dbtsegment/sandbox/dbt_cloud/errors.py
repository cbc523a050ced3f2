"""What a request is refused with."""

from typing import Any

BAD_REQUEST = "The request was invalid. Please double check the provided data and try again."


class ApiError(Exception):
    """An answer other than success: its HTTP status, its message, and what is wrong by field."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class NotFoundError(ApiError):
    """There is no such thing in this account."""

    def __init__(self) -> None:
        super().__init__(404, "The requested resource was not found.")


class InvalidError(ApiError):
    """The request says something that cannot be."""

    def __init__(self, field: str, *messages: str) -> None:
        super().__init__(400, BAD_REQUEST, {field: list(messages)})
