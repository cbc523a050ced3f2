"""Filters, order and pages of lists, as query parameters ask for them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError

T = TypeVar("T")
Predicate = Callable[[Any], bool]
# Makes a predicate of what the query says; ValueError when that cannot be read.
Filter = Callable[[str], Predicate]

MAX_LIMIT = 100
STATES = {"active": True, "1": True, "all": True, "deleted": False, "2": False}


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list, and how it was asked for."""

    items: list[T]
    total_count: int
    limit: int
    offset: int
    order_by: str
    filters: dict[str, str]


def select(
    items: Iterable[T],
    query: Mapping[str, str],
    filters: Mapping[str, Filter],
    orders: Iterable[str] = ("id",),
) -> Page[T]:
    """Filter, order and cut ``items``; parameters that are no filter are let be.

    :raises InvalidError: when a parameter cannot be read.
    """
    used = {name: value for name, value in query.items() if name in filters and value != ""}
    selected = list(items)
    for name, value in used.items():
        try:
            predicate = filters[name](value)
        except (TypeError, ValueError) as error:
            raise InvalidError(name, str(error)) from error
        selected = [item for item in selected if predicate(item)]
    order_by = query.get("order_by") or "id"
    field = order_by.removeprefix("-")
    if field not in orders:
        raise InvalidError("order_by", f"Use one of {', '.join(orders)}.")
    selected.sort(key=lambda item: _order_key(item, field), reverse=order_by.startswith("-"))
    limit = _number(query, "limit", MAX_LIMIT, least=1, most=MAX_LIMIT)
    offset = _number(query, "offset", 0, least=0)
    page = selected[offset : offset + limit]
    return Page(page, len(selected), limit, offset, order_by, used)


def equal(field: str, read: Callable[[str], Any] = int) -> Filter:
    """Let items pass whose field is the value."""

    def parse(text: str) -> Predicate:
        wanted = read(text)
        return lambda item: bool(getattr(item, field) == wanted)

    return parse


def within(field: str) -> Filter:
    """Let items pass whose field is in the JSON list."""

    def parse(text: str) -> Predicate:
        wanted = set(_json_list(text))
        return lambda item: getattr(item, field) in wanted

    return parse


def greater(field: str) -> Filter:
    """Let items pass whose field is greater than the number."""

    def parse(text: str) -> Predicate:
        least = int(text)
        return lambda item: bool(getattr(item, field) > least)

    return parse


def contains(field: str) -> Filter:
    """Let items pass whose field contains the text, whatever its case."""
    return lambda text: lambda item: text.lower() in str(getattr(item, field)).lower()


def between(field: str) -> Filter:
    """Let items pass whose field is between the two times of the JSON list."""

    def parse(text: str) -> Predicate:
        times = [_time(str(one)) for one in _json_list(text)]
        if len(times) != 2:
            raise ValueError("Give a JSON list of two times.")

        def inside(item: Any) -> bool:
            at = getattr(item, field)
            return at is not None and times[0] <= at <= times[1]

        return inside

    return parse


def boolean(text: str) -> bool:
    """Read ``true`` or ``false``."""
    if text.lower() not in ("true", "false"):
        raise ValueError("Must be true or false.")
    return text.lower() == "true"


def state(text: str) -> Predicate:
    """Let items pass that are in the state; nothing in the sandbox is ever deleted."""
    if text not in STATES:
        raise ValueError("Must be active, deleted or all.")
    return lambda _: STATES[text]


def related(query: Mapping[str, str]) -> set[str]:
    """Read ``include_related``: a JSON list, or names between commas."""
    text = query.get("include_related", "")
    try:
        names = json.loads(text)
    except ValueError:
        names = text.split(",")
    if not isinstance(names, list):
        raise InvalidError("include_related", "Give a list of names.")
    return {str(name).strip() for name in names if name}


def _json_list(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise ValueError("Must be a JSON list, such as [1,2].")  # noqa: TRY004 - it was a text
    return value


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def _order_key(item: Any, field: str) -> tuple[Any, ...]:
    value = getattr(item, field)
    return (value is None, value, item.id)


def _number(
    query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None
) -> int:
    try:
        value = int(query.get(name) or default)
    except ValueError as error:
        raise InvalidError(name, "A valid integer is required.") from error
    if value < least or (most is not None and value > most):
        bounds = f"between {least} and {most}" if most is not None else f"at least {least}"
        raise InvalidError(name, f"Must be {bounds}.")
    return value
