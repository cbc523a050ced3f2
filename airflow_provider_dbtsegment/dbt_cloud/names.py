"""Things by their names, which dbt Cloud itself does not look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_dbtsegment.exceptions import ConfigurationError


def only(
    what: str, name: str, found: Iterable[Mapping[str, Any]], where: str = "", *, advice: str
) -> Any:
    """
    Return the one entry that has exactly this name.

    :param advice: What to do where there are several; it may name arguments of the caller.
    :raises ConfigurationError: When there is none, or more than one.
    """
    within = f" in {where}" if where else ""
    entries = list(found)
    same = [entry for entry in entries if entry.get("name") == name]
    if len(same) == 1:
        return same[0]
    if same:
        ids = ", ".join(str(entry["id"]) for entry in same)
        raise ConfigurationError(
            f"dbt Cloud has {len(same)} {what}s named {name!r}{within} (ids {ids}). {advice}"
        )
    names = ", ".join(repr(entry.get("name")) for entry in entries[:10])
    there = f"There are: {names}." if names else f"This token sees no such {what}."
    raise ConfigurationError(f"dbt Cloud has no {what} named {name!r}{within}. {there}")
