"""What a sync did, in numbers, and what is to be thought of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.outcomes import Outcome, iso_time, seconds_between
from airflow_provider_dbtsegment.segment.types import SyncStatus, count, outcome
from airflow_provider_dbtsegment.texts import harmless, shortened

#: Characters that are kept of an id or a status, and of a reason, of as many as are looked at.
MOST_OF_AN_ID = 200
MOST_OF_A_REASON = 2000
LOOKED_AT = 64 * 1024
#: What a user can want of a sync that delivered only a part of the rows.
PARTIAL_SUCCESS = ("fail", "warn", "accept")


class SyncSummary(TypedDict):
    """
    A sync in a few numbers, small enough for an XCom: rows, and seconds.

    Times are in UTC by ISO 8601, where Segment tells them.
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
    failed: int
    error: str


def summarize(
    sync: SyncStatus, subscription_id: str | None = None, sync_url: str | None = None
) -> SyncSummary:
    """Sum up a sync that has ended."""
    extract, load = _phase(sync.get("extractPhase")), _phase(sync.get("loadPhase"))
    added, updated, deleted = (
        count(extract.get("addedCount")),
        count(extract.get("updatedCount")),
        count(extract.get("deletedCount")),
    )
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
        extracted=count(extract.get("extractCount")) or added + updated + deleted,
        added=added,
        updated=updated,
        deleted=deleted,
        delivered=count(load.get("deliverSuccessCount")),
        failed=count(load.get("deliverFailureCount")),
        error=_reason(sync.get("error"), codes),
    )


@dataclass(frozen=True)
class PartialSuccess:
    """
    What a user wants of a sync that delivered only a part of the rows.

    :param policy: ``fail``, ``warn`` or ``accept``.
    :param max_failed_rows: Of which more than so many failed, as a count (12) or as a share of
        the rows that were to be delivered (0.05 or "5%"), is a failure in any case.
    :raises ConfigurationError: When they mean nothing.
    """

    policy: str
    max_failed_rows: int | float | str | None = None

    def __post_init__(self) -> None:
        if self.policy not in PARTIAL_SUCCESS:
            raise ConfigurationError(
                f"partial_success is {self.policy!r}; use 'fail', 'warn' or 'accept'."
            )
        if self.max_failed_rows is None:
            return
        if self.policy == "fail":
            raise ConfigurationError(
                "max_failed_rows bounds what partial_success='warn' or 'accept' lets pass; "
                "with 'fail' nothing passes."
            )
        self._limit(0)

    def outcome(self, sync: SyncStatus) -> Outcome | None:
        """Return the outcome of a sync, `None` while it is running; never a partial one."""
        found = outcome(sync)
        if found is not Outcome.PARTIAL:
            return found
        return Outcome.FAILED if self.policy == "fail" else Outcome.SUCCESS

    def why_failed(self, summary: SyncSummary) -> str | None:
        """Return why a partial success is a failure, or `None` if it is to pass."""
        total = summary["delivered"] + summary["failed"]
        limit = self._limit(total)
        if self.policy == "fail":
            rule = (
                "This fails because of partial_success='fail'; 'warn' or 'accept' let it pass, and "
                "max_failed_rows says up to how many rows."
            )
        elif limit is None or summary["failed"] <= limit:
            return None
        else:
            rule = f"max_failed_rows={self.max_failed_rows!r} allows {limit:g}."
        says = f" Segment says: {summary['error']}" if summary["error"] else ""
        return (
            f"Segment sync {summary['sync_id']} delivered {summary['delivered']} of {total} rows; "
            f"the destination refused {summary['failed']}. {rule}{says}"
        )

    def _limit(self, total: int) -> float | None:
        """Return how many of so many rows may fail."""
        if self.max_failed_rows is None:
            return None
        limit = _limit(self.max_failed_rows)
        if limit is None:
            raise ConfigurationError(
                f"max_failed_rows is {self.max_failed_rows!r}; give a count of rows such as 12, "
                "or a share such as 0.05 or '5%'."
            )
        return limit * total if isinstance(limit, float) else float(limit)


def _phase(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _limit(given: object) -> int | float | None:
    """Return a count as a whole number or a share as a fraction; `None` if it is neither."""
    text = str(given).strip()
    try:
        if text.endswith("%"):
            limit: int | float = float(text[:-1]) / 100
        else:
            limit = float(text) if "." in text else int(text)
    except ValueError:
        return None
    return limit if limit >= 0 and (isinstance(limit, int) or limit <= 1) else None


def _reason(error: str | None, codes: Iterable[str | None]) -> str:
    """Return the reason on one line, its codes behind it."""
    named = ", ".join(dict.fromkeys(harmless(code, MOST_OF_AN_ID) for code in codes if code))
    plain = str(error or "")[:LOOKED_AT]
    words = " ".join(word for word in plain.split() if word.strip("^"))
    words = shortened(harmless(words), MOST_OF_A_REASON)
    return f"{words} ({named})" if words and named else words or named
