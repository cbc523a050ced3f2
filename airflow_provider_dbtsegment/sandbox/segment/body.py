"""Check the body of a request, field by field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .errors import bad_request, invalid


class Body:
    """A JSON object; each getter raises a 422 that names the field. Unknown fields are ignored."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, content: bytes) -> Body:
        """Read a body.

        :raises ApiError: 400 when it is no JSON object.
        """
        try:
            values = json.loads(content)
        except ValueError as error:
            raise bad_request(f"The body is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise bad_request("The body must be a JSON object.")
        return cls(values)

    def has(self, field: str) -> bool:
        """Tell whether the field is there."""
        return field in self._values

    def text(self, field: str, *, may_be_empty: bool = False) -> str:
        """Return a required text."""
        value = self._required(field)
        if not isinstance(value, str):
            raise invalid(field, f"{field} must be a string.")
        if not value.strip() and not may_be_empty:
            raise invalid(field, f"{field} must not be empty.")
        return value

    def flag(self, field: str) -> bool:
        """Return a required boolean."""
        value = self._required(field)
        if not isinstance(value, bool):
            raise invalid(field, f"{field} must be a boolean.")
        return value

    def choice(self, field: str, choices: Sequence[str]) -> str:
        """Return a required text out of a few."""
        value = self._required(field)
        if value not in choices:
            raise invalid(field, f"{field} must be one of {', '.join(choices)}.")
        return str(value)

    def mapping(self, field: str) -> dict[str, Any]:
        """Return a required object."""
        value = self._required(field)
        if not isinstance(value, dict):
            raise invalid(field, f"{field} must be an object.")
        return value

    def integer(self, field: str, low: int, high: int) -> int:
        """Return a required whole number within bounds."""
        value = self._required(field)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise invalid(field, f"{field} must be a whole number from {low} to {high}.")
        return value

    def _required(self, field: str) -> Any:
        if field not in self._values:
            raise invalid(field, f"{field} is required.")
        return self._values[field]
