"""A sync of Segment's Reverse ETL, as the XCom `sync_summary` tells it."""

from __future__ import annotations

from collections.abc import Iterable
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
    """What is known of a sync; ``mapping`` is Segment's subscription."""

    mapping: str
    error: str
    phases: tuple[Phase, ...]
    extracted: int
    rows: RowCounts

    @property
    def end(self) -> Outcome | None:
        """How it ended, or `None` if it does not tell; a word that nobody knows is a failure."""
        known = SYNC_OUTCOMES.get(self.status.upper())
        return known or (Outcome.FAILED if self.status else None)

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
    return Sync(
        **how_it_ended(summary, "sync"),
        mapping=text(summary.get("subscription_id")),
        error=text(summary.get("error")),
        phases=tuple(
            Phase(name, began, ended)
            for name in ("extract", "load")
            if (began := moment(summary.get(f"{name}_started_at")))
            and (ended := moment(summary.get(f"{name}_finished_at")))
            and ended >= began
        ),
        extracted=count(summary.get("extracted")) or rows.changed,
        rows=rows,
    )
