"""A sync of Segment's Reverse ETL, as the XCom `sync_summary` tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.outcomes import SYNC_OUTCOMES, Outcome

from .ended import Ended, how_it_ended
from .values import count, moment, plain, record, text


class Phase(NamedTuple):
    """A part of a sync: Segment reads the warehouse, or loads the destination."""

    name: str
    started: datetime
    finished: datetime


class RowCounts(NamedTuple):
    """How many rows changed in the warehouse, and how many of them arrived."""

    added: int = 0
    updated: int = 0
    deleted: int = 0
    delivered: int = 0
    failed: int = 0

    @property
    def changed(self) -> int:
        """How many rows changed."""
        return self.added + self.updated + self.deleted

    @property
    def tried(self) -> int:
        """How many rows the destination was given."""
        return self.delivered + self.failed


def total(counts: Iterable[RowCounts]) -> RowCounts:
    """Return the sums."""
    return RowCounts(*map(sum, zip(RowCounts(), *counts, strict=True)))


@dataclass(frozen=True)
class Sync(Ended):
    """
    What is known of a sync.

    :param end: How it ended, or `None` if it does not tell; a word that nobody knows is a failure.
    :param mapping: Segment's subscription.
    :param told: The whole summary.
    """

    end: Outcome | None
    mapping: str
    error: str
    extracted: int
    rows: RowCounts
    told: Mapping[str, Any]

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Its phases that have both ends."""
        return tuple(
            Phase(name, began, ended)
            for name in ("extract", "load")
            if (began := moment(self.told.get(f"{name}_started_at")))
            and (ended := moment(self.told.get(f"{name}_finished_at")))
            and ended >= began
        )

    @property
    def is_good(self) -> bool:
        """Whether all rows arrived."""
        return self.end is Outcome.SUCCESS and not self.rows.failed

    @property
    def word(self) -> str:
        """Segment's word for its status, and what that leaves out."""
        word = self.status.replace("_", " ").lower()
        is_half = self.end is Outcome.SUCCESS and self.rows.failed
        return f"{word}, rows failed" if is_half else word


def read_sync(value: Any) -> Sync | None:
    """Return the sync that an XCom tells of, or `None` if it tells of none."""
    summary = record(plain(value))
    if not summary:
        return None
    rows = RowCounts(*(count(summary.get(name)) for name in RowCounts._fields))
    ended = how_it_ended(summary, "sync")
    unknown = Outcome.FAILED if ended["status"] else None
    return Sync(
        **ended,
        end=SYNC_OUTCOMES.get(ended["status"].upper(), unknown),
        mapping=text(summary.get("subscription_id")),
        error=text(summary.get("error")),
        extracted=count(summary.get("extracted")) or rows.changed,
        rows=rows,
        told=summary,
    )
