"""Syncs as Segment answers them, by their counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_dbtsegment.segment.sync_history import History

BEGAN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def sync(number: int, delivered: int, rejected: int, **changed: Any) -> Any:
    """
    Return a sync that has sent all of its rows.

    :param number: Its place in the mapping's history: one begins each day.
    """
    sent = delivered + rejected
    status = "SUCCESS" if not rejected else "PARTIAL_SUCCESS" if delivered else "FAIL"
    began = BEGAN + timedelta(days=number)
    return {
        "syncId": f"s{number}",
        "modelId": "m",
        "syncStatus": status,
        "startedAt": began.isoformat(),
        "finishedAt": (began + timedelta(minutes=1)).isoformat(),
        "extractPhase": {
            "addedCount": str(sent),
            "updatedCount": "0",
            "deletedCount": "0",
            "extractCount": str(sent),
            "errorCode": "",
        },
        "loadPhase": {
            "deliverSuccessCount": str(delivered),
            "deliverFailureCount": str(rejected),
            "errorCode": "",
        },
        **changed,
    }


def with_counts(one: Any, **counts: Any) -> Any:
    """Return a sync with other fields in its phases; `None` takes one away."""
    load = ("deliverSuccessCount", "deliverFailureCount", "loadError")
    changed = {**one, "extractPhase": {**one["extractPhase"]}, "loadPhase": {**one["loadPhase"]}}
    for name, value in counts.items():
        phase = changed["loadPhase" if name in load else "extractPhase"]
        phase[name] = value
        if value is None:
            del phase[name]
    return changed


def days(*counts: tuple[int, int]) -> list[Any]:
    """Return syncs by how many rows they delivered and rejected, the oldest first."""
    return [sync(number, *one) for number, one in enumerate(counts)]


def history_of(syncs: Sequence[Any]) -> History:
    """Return the history of the last of some syncs, of which the oldest is first."""
    return History.before(syncs[-1], list(reversed(syncs))[:100])
