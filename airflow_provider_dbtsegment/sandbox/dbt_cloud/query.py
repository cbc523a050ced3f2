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
ACTIVE, DELETED = 1, 2
STATES = {
    "active": {ACTIVE},
    "1": {ACTIVE},
    "all": {ACTIVE, DELETED},
    "deleted": {DELETED},
    "2": {DELETED},
}


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
    orders: Iterable[str] | None = ("id",),
) -> Page[T]:
    """Filter, order and cut ``items``; parameters that are no filter are let be.

    :param orders: the fields to order by; None leaves the order as it is.
    :raises InvalidError: when a parameter cannot be read.
    """
    used = {name: value for name, value in query.items() if name in filters and value != ""}
    selected = list(items)
    asked = used if "state" in used or "state" not in filters else {"state": "active", **used}
    for name, value in asked.items():
        try:
            predicate = filters[name](value)
        except (TypeError, ValueError) as error:
            raise InvalidError(name, str(error)) from error
        selected = [item for item in selected if predicate(item)]
    order_by = "" if orders is None else query.get("order_by") or "id"
    field = order_by.removeprefix("-")
    if orders is not None:
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
        return lambda item: bool(value_of(item, field) == wanted)

    return parse


def within(field: str) -> Filter:
    """Let items pass whose field is in the JSON list."""

    def parse(text: str) -> Predicate:
        wanted = set(_json_list(text))
        return lambda item: value_of(item, field) in wanted

    return parse


def greater(field: str) -> Filter:
    """Let items pass whose field is greater than the number."""

    def parse(text: str) -> Predicate:
        least = int(text)
        return lambda item: bool(value_of(item, field) > least)

    return parse


def contains(field: str) -> Filter:
    """Let items pass whose field contains the text, whatever its case."""
    return lambda text: lambda item: text.lower() in str(value_of(item, field)).lower()


def between(field: str) -> Filter:
    """Let items pass whose field is between the two times of the JSON list."""

    def parse(text: str) -> Predicate:
        times = [_time(str(one)) for one in _json_list(text)]
        if len(times) != 2:
            raise ValueError("Give a JSON list of two times.")

        def inside(item: Any) -> bool:
            at = value_of(item, field)
            at = _time(at) if isinstance(at, str) else at
            return at is not None and times[0] <= at <= times[1]

        return inside

    return parse


def true_or_not(field: str, within: str | None = None) -> Filter:
    """Let items pass whose field is true, or is not.

    :param within: the name inside of the field, when that is an object.
    """

    def parse(text: str) -> Predicate:
        wanted = boolean(text)

        def test(item: Any) -> bool:
            value = value_of(item, field)
            return bool(value_of(value, within) if within else value) == wanted

        return test

    return parse


def boolean(text: str) -> bool:
    """Read ``true`` or ``false``."""
    if text.lower() not in ("true", "false"):
        raise ValueError("Must be true or false.")
    return text.lower() == "true"


def state(text: str) -> Predicate:
    """Let items pass that are in the state; what has none is active."""
    if text not in STATES:
        raise ValueError("Must be active, deleted or all.")
    return lambda item: (value_of(item, "state") or ACTIVE) in STATES[text]


def related(query: Mapping[str, str]) -> set[str]:
    """Read ``include_related``: a list as JSON or Python writes it, or names between commas."""
    text = query.get("include_related", "")
    try:
        names = json.loads(text.replace("'", '"'))
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
    value = value_of(item, field)
    number = value_of(item, "id")
    if isinstance(number, str):  # made at random: time is the order of such records
        number = value_of(item, "created_at")
        value = number if field == "id" else value
    return (value is None, value, number)


def value_of(item: Any, field: str) -> Any:
    """Return a field of a record or of an object; None when it has none of this name."""
    return item.get(field) if isinstance(item, Mapping) else getattr(item, field, None)


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
