"""Queries as dbt Cloud reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any


def one_or_several(name: str, value: Any) -> dict[str, Any]:
    """Return the filter that asks for one value, or for any of several."""
    if value is None or isinstance(value, (str, int)):
        return {name: value}
    return {f"{name}__in": list(value)}


def related(names: Sequence[str] | None) -> str | None:
    """Return the value of ``include_related``."""
    if names is None or isinstance(names, str):
        return names or None
    return ",".join(names) or None


def query_value(value: Any) -> Any:
    """Write a value of the query as dbt Cloud reads it: lists and booleans as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return json.dumps([_plain(one) for one in value], separators=(",", ":"))
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
