"""Cut a list that is sorted newest first into pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .errors import invalid

_Item = TypeVar("_Item")
_START = "start"


@dataclass(frozen=True)
class PageRequest:
    """How many items from where; ``below`` None is the newest."""

    count: int
    below: int | None

    @classmethod
    def parse(
        cls, query: Mapping[str, str], *, prefix: str = "", default: int, largest: int
    ) -> PageRequest:
        """Read ``count`` and ``cursor`` from a query.

        :raises ApiError: 422 for a count out of bounds or a cursor that is none of ours.
        """
        text = query.get(f"{prefix}count", str(default))
        if not text.isdecimal() or not 1 <= int(text) <= largest:
            raise invalid(
                f"{prefix}count", f"{prefix}count must be a whole number from 1 to {largest}."
            )
        cursor = query.get(f"{prefix}cursor")
        return cls(int(text), None if not cursor else _decode(cursor, f"{prefix}cursor"))


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """A part of a list, with the cursors around it."""

    items: list[_Item]
    pagination: dict[str, Any]


def cut(
    items: Sequence[_Item], ordinal: Callable[[_Item], int], request: PageRequest
) -> Page[_Item]:
    """Return the page that a request asks for.

    Cursors name the ordinal before the page, not a position, so that items which are added on top
    while somebody reads shift nothing.
    """
    start = 0
    if request.below is not None:
        below = request.below
        start = next((n for n, item in enumerate(items) if ordinal(item) < below), len(items))
    end = start + request.count
    pagination = {
        "current": _encode(request.below),
        "next": _encode(ordinal(items[end - 1])) if end < len(items) else None,
        "previous": None,
        "totalEntries": len(items),
    }
    if start > 0:
        before = start - request.count
        pagination["previous"] = _encode(ordinal(items[before - 1]) if before > 0 else None)
    return Page(list(items[start:end]), pagination)


def _encode(below: int | None) -> str:
    text = _START if below is None else str(below)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode(cursor: str, field: str) -> int | None:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        return None if text == _START else int(text)
    except (binascii.Error, ValueError) as error:
        raise invalid(field, f"{field} {cursor!r} is not a cursor of this list.") from error
