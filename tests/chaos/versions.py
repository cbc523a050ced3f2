"""The table on each version of Airflow: what is different there, and what cannot be tried."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.chaos.row import OURS, Row

#: The first version with a task state store, and with triggers that hear of a task's end.
STORE = (3, 3)

Version = tuple[int, ...]


def matches(condition: str, version: Version) -> bool:
    """
    Return whether a condition such as ``<3.3`` or ``2`` holds for a version.

    :param condition: ``<``, ``>=`` and a version, or the beginning of one.
    """
    sign, text = re.fullmatch(r"(<|>=|)([\d.]+)", condition).groups()  # type: ignore[union-attr]
    wanted = tuple(int(number) for number in text.split("."))
    if sign == "<":
        return version < wanted
    if sign == ">=":
        return version >= wanted
    return version[: len(wanted)] == wanted


def why_left_out(row: Row, version: Version) -> str | None:
    """Return why a row cannot be tried on a version, or nothing."""
    reasons = (why for condition, why in row.not_on.items() if matches(condition, version))
    return next(reasons, None)


def on_version(rows: Iterable[Row], version: Version) -> tuple[list[Row], dict[str, str]]:
    """
    Return the rows as they are on a version of Airflow, and why others are left out.

    Where Airflow has no task state store, of two rows with and without one there is one.
    """
    kept: dict[str, Row] = {}
    left_out: dict[str, str] = {}
    for row in rows:
        if version < STORE:
            # Nothing has to be taken away there; a later attempt waits for what may be held.
            idle = row.idle or row.kill is not None
            row = replace(without_store(row), remembers=True, idle=idle)
        if reason := why_left_out(row, version):
            left_out[row.name] = reason
        elif row.name not in kept:
            kept[row.name] = _changed(row, row.on, version)
        elif row.idle:
            kept[row.name] = replace(kept[row.name], idle=True)
    return list(kept.values()), left_out


def without_store(row: Row) -> Row:
    """Return the row as it is where there is no task state store."""
    if not row.remembers:
        return row
    return replace(row, remembers=False, **row.without_store)


def _changed(row: Row, on: Mapping[str, Mapping[str, Any]], version: Version) -> Row:
    for condition, changes in on.items():
        if row.provider == OURS and matches(condition, version):
            row = replace(row, **changes)
    return row
