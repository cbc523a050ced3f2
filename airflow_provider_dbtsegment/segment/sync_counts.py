"""The rows of a sync, as Segment counts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.outcomes import SYNC_OUTCOMES, Outcome
from airflow_provider_dbtsegment.segment.types import SyncStatus
from airflow_provider_dbtsegment.texts import harmless

_COUNT = re.compile(r"[0-9]{1,18}")
#: Characters that are kept of a code or a wrong count in a sentence.
_MAX_LENGTH = 60


class SyncCounts(NamedTuple):
    """
    The counts of a sync; one that is missing or cannot be read is 0.

    :param extract_error: The error code of the extract phase; empty if it succeeded.
    :param problem: Which counts cannot be read, if any.
    """

    extracted: int
    added: int
    updated: int
    deleted: int
    delivered: int
    rejected: int
    extract_error: str
    problem: str

    @classmethod
    def of(cls, sync: SyncStatus) -> SyncCounts:
        """Read the counts of a sync, which Segment writes as strings."""
        problems: list[str] = []
        extract, load = (_phase(sync, name, problems) for name in ("extractPhase", "loadPhase"))
        added, updated, deleted = (
            _count(extract, name, problems)
            for name in ("addedCount", "updatedCount", "deletedCount")
        )
        return cls(
            extracted=_count(extract, "extractCount", problems) or added + updated + deleted,
            added=added,
            updated=updated,
            deleted=deleted,
            delivered=_count(load, "deliverSuccessCount", problems),
            rejected=_count(load, "deliverFailureCount", problems),
            extract_error=harmless(extract.get("errorCode") or "", _MAX_LENGTH).strip(),
            problem=", ".join(problems),
        )

    @property
    def sent(self) -> int:
        """How many rows the destination was given."""
        return self.delivered + self.rejected

    def lost(self, ended: Outcome) -> int:
        """
        Return how many extracted rows were neither delivered nor rejected.

        A mapping need not send deleted rows, but a sync that failed may have stopped before them.

        :param ended: How the sync ended.
        """
        expected = self.extracted if ended is Outcome.FAILED else self.extracted - self.deleted
        return max(0, expected - self.sent)

    def __str__(self) -> str:
        return f"{self.rejected:,} of {self.sent:,} rows rejected"


def documented_outcome(sync: SyncStatus) -> Outcome | None:
    """Return how a sync ended, or `None` if its status is not a known terminal one."""
    status: Any = sync.get("syncStatus")
    return SYNC_OUTCOMES.get(status.upper()) if isinstance(status, str) else None


def is_complete(sync: SyncStatus) -> bool:
    """Return whether a sync has sent all rows that it extracted, and its counts can be read."""
    ended, counts = documented_outcome(sync), SyncCounts.of(sync)
    if ended is None or ended is Outcome.CANCELLED or counts.extract_error or counts.problem:
        return False
    return not counts.lost(ended) and (counts.rejected > 0 or ended is Outcome.SUCCESS)


def _phase(sync: SyncStatus, name: str, problems: list[str]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = {**sync}
    phase = fields.get(name) or {}
    if isinstance(phase, dict):
        return phase
    problems.append(f"{name} is not an object")
    return {}


def _count(phase: Mapping[str, Any], name: str, problems: list[str]) -> int:
    given = phase.get(name)
    text = "" if given is None else str(given)[:_MAX_LENGTH].strip()
    if not text:
        return 0
    if isinstance(given, bool) or not _COUNT.fullmatch(text):
        problems.append(f"{name} is {harmless(text)!r}")
        return 0
    return int(text)
