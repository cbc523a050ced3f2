"""How far a sync is, by what Segment shows of its phases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.segment.types import SyncStatus, count, outcome
from airflow_provider_dbtsegment.texts import harmless


def label(sync: SyncStatus) -> str:
    """Return Segment's word for the status of a sync, and which phase goes on."""
    word = harmless(sync.get("syncStatus"), 200)
    phase = _phase(sync)
    return word if phase is None else f"{word}, {phase}"


def describe_progress(sync: SyncStatus) -> str | None:
    """Return how many rows a sync has handled so far; nothing before there are any."""
    extract, load = (_fields(sync, name) for name in ("extractPhase", "loadPhase"))
    extracted = count(extract.get("extractCount"))
    delivered, rejected = (
        count(load.get(name)) for name in ("deliverSuccessCount", "deliverFailureCount")
    )
    if not (extracted or delivered or rejected):
        return None
    return (
        f"Segment sync {harmless(sync.get('syncId'), 200)}: {extracted:,} rows extracted, "
        f"{delivered:,} delivered, {rejected:,} rejected so far."
    )


def _phase(sync: SyncStatus) -> str | None:
    if outcome(sync) is not None:
        return None
    if _fields(sync, "loadPhase").get("startedAt"):
        return "loading"
    return "extracting" if _fields(sync, "extractPhase").get("startedAt") else None


def _fields(sync: SyncStatus, name: str) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = {**sync}
    part = fields.get(name)
    return part if isinstance(part, dict) else {}
