"""Queries as dbt Cloud reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def one_or_several(name: str, value: Any) -> dict[str, Any]:
    """Return the filter that asks for one value, or for any of several."""
    if value is None or isinstance(value, (str, int)):
        return {name: value}
    return {f"{name}__in": list(value)}


def related(names: Sequence[str] | None) -> str | None:
    """Return the value of ``include_related``."""
    return ",".join(names) if names else None


def query_value(value: Any) -> Any:
    """Write a value of the query as dbt Cloud reads it: lists and booleans as JSON."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return json.dumps(list(value), separators=(",", ":"))
    return str(value).lower() if isinstance(value, bool) else value
