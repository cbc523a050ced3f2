"""The few shapes of Segment's answers that this package reads."""

from __future__ import annotations

from typing import Any, TypedDict

from airflow_provider_dbtsegment.outcomes import SYNC_OUTCOMES, Outcome


class ExtractPhase(TypedDict, total=False):
    """What the model's query gave; counts are strings."""

    addedCount: str
    updatedCount: str
    deletedCount: str
    extractCount: str
    errorCode: str


class LoadPhase(TypedDict, total=False):
    """What the destination took; counts are strings."""

    deliverSuccessCount: str
    deliverFailureCount: str
    errorCode: str


class _Known(TypedDict):
    """What is read by its id must have one."""

    id: str


class _KnownSync(TypedDict):
    syncId: str


class _SyncInAState(_KnownSync):
    syncStatus: str


class SyncStatus(_SyncInAState, total=False):
    """A Reverse ETL sync."""

    modelId: str
    sourceId: str
    duration: str
    startedAt: str
    finishedAt: str | None
    extractPhase: ExtractPhase | None
    loadPhase: LoadPhase | None
    error: str | None
    errorCode: str | None


class StartedSync(_KnownSync, total=False):
    """A sync that was just started."""

    startedAt: str


class ReverseETLModel(_Known, total=False):
    """A model: the query that gives the rows, and when Segment runs it by itself."""

    sourceId: str
    name: str
    description: str
    enabled: bool
    query: str
    queryIdentifierColumn: str
    scheduleStrategy: str
    scheduleConfig: dict[str, Any] | None


class DbtModelSyncTrigger(_Known, total=False):
    """A reading of dbt models that was just started."""

    sourceId: str
    status: str


class Workspace(_Known, total=False):
    """What a token belongs to; the slug stands in the addresses of its pages."""

    name: str
    slug: str


class CancelledSync(TypedDict, total=False):
    """The answer to a cancellation."""

    modelId: str
    syncId: str
    status: str
    errorCode: str
    errorMessage: str


def outcome(sync: SyncStatus) -> Outcome | None:
    """
    Return how a sync ended, or `None` while it goes on.

    Segment calls its statuses an open set: one that is not listed here is a failure if the sync has
    finished with it, and otherwise still going on. What is no text at all says nothing of the end.
    """
    status: Any = sync.get("syncStatus")
    if not isinstance(status, str):
        return None
    listed = SYNC_OUTCOMES.get(status.upper())
    if listed is not None:
        return listed
    return Outcome.FAILED if sync.get("finishedAt") else None


def count(text: str | int | None) -> int:
    """Return a count that Segment writes as a string; a missing one, or one of no sense, is 0."""
    try:
        number = int(text or 0)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if abs(number) < 10**18 else 0
