"""What a sync did, in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from airflow_provider_dbtsegment.outcomes import iso_time, seconds_between
from airflow_provider_dbtsegment.segment.sync_counts import SyncCounts
from airflow_provider_dbtsegment.segment.sync_policy import Verdict
from airflow_provider_dbtsegment.segment.types import SyncStatus
from airflow_provider_dbtsegment.texts import harmless, shortened

#: Characters that are kept of an id or a status, and of a reason, of as many as are looked at.
MOST_OF_AN_ID = 200
MOST_OF_A_REASON = 2000
LOOKED_AT = 64 * 1024


class SyncSummary(TypedDict):
    """
    A sync in a few numbers, small enough for an XCom: rows, and seconds.

    Times are in UTC by ISO 8601, where Segment tells them. ``passed`` is whether the task let the
    sync pass; ``decision`` is the sentence that says why, if rows were rejected. ``new_rejected``
    and ``new_rows`` are `None` if earlier syncs did not have to be read to decide.
    """

    sync_id: str
    sync_url: str | None
    model_id: str
    subscription_id: str | None
    status: str
    started_at: str | None
    finished_at: str | None
    extract_started_at: str | None
    extract_finished_at: str | None
    load_started_at: str | None
    load_finished_at: str | None
    duration: float | None
    extracted: int
    added: int
    updated: int
    deleted: int
    delivered: int
    rejected: int
    new_rejected: int | None
    new_rows: int | None
    passed: bool
    decision: str
    error: str


def summarize(
    sync: SyncStatus,
    verdict: Verdict,
    subscription_id: str | None = None,
    sync_url: str | None = None,
) -> SyncSummary:
    """
    Sum up a sync that has ended.

    :param verdict: What the task made of it.
    """
    extract, load = _phase(sync.get("extractPhase")), _phase(sync.get("loadPhase"))
    counts = SyncCounts.of(sync)
    codes = (sync.get("errorCode"), extract.get("errorCode"), load.get("errorCode"))
    return SyncSummary(
        sync_id=sync.get("syncId", ""),
        sync_url=sync_url,
        model_id=harmless(sync.get("modelId", ""), MOST_OF_AN_ID),
        subscription_id=subscription_id,
        status=harmless(sync.get("syncStatus"), MOST_OF_AN_ID),
        started_at=iso_time(sync.get("startedAt")),
        finished_at=iso_time(sync.get("finishedAt")),
        extract_started_at=iso_time(extract.get("startedAt")),
        extract_finished_at=iso_time(extract.get("finishedAt")),
        load_started_at=iso_time(load.get("startedAt")),
        load_finished_at=iso_time(load.get("finishedAt")),
        duration=seconds_between(sync.get("startedAt"), sync.get("finishedAt")),
        extracted=counts.extracted,
        added=counts.added,
        updated=counts.updated,
        deleted=counts.deleted,
        delivered=counts.delivered,
        rejected=counts.rejected,
        new_rejected=verdict.new_rejected,
        new_rows=verdict.new_rows,
        passed=verdict.passes,
        decision=verdict.decision,
        error=_reason(sync.get("error"), codes),
    )


def _phase(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _reason(error: str | None, codes: Iterable[str | None]) -> str:
    """Return the reason on one line, its codes behind it; an empty code stands for no error."""
    known = (harmless(code or "", MOST_OF_AN_ID).strip() for code in codes)
    named = ", ".join(dict.fromkeys(filter(None, known)))
    plain = str(error or "")[:LOOKED_AT]
    words = " ".join(word for word in plain.split() if word.strip("^"))
    words = shortened(harmless(words), MOST_OF_A_REASON)
    return f"{words} ({named})" if words and named else words or named
