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
    rejected: int = 0

    @property
    def changed(self) -> int:
        """How many rows changed."""
        return self.added + self.updated + self.deleted

    @property
    def tried(self) -> int:
        """How many rows the destination was given."""
        return self.delivered + self.rejected


def total(counts: Iterable[RowCounts]) -> RowCounts:
    """Return the sums."""
    return RowCounts(*map(sum, zip(RowCounts(), *counts, strict=True)))


@dataclass(frozen=True)
class Sync(Ended):
    """
    What is known of a sync.

    :param end: How it ended, or `None` if it does not tell; a word that nobody knows is a failure.
        What Segment calls a failure is a partial success if the task let it pass.
    :param mapping: Segment's subscription.
    :param decision: Why the task let it pass or not, if it rejected rows.
    :param told: The whole summary.
    """

    end: Outcome | None
    mapping: str
    error: str
    decision: str
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
        return self.end is Outcome.SUCCESS and not self.rows.rejected

    @property
    def word(self) -> str:
        """Segment's word for its status, and what that leaves out."""
        word = self.status.replace("_", " ").lower()
        if self.end is Outcome.SUCCESS and self.rows.rejected:
            return f"{word}, rows rejected"
        is_accepted = self.end is Outcome.PARTIAL and word in ("fail", "failed")
        return f"{word}, accepted" if is_accepted else word


def read_sync(value: Any) -> Sync | None:
    """Return the sync that an XCom tells of, or `None` if it tells of none."""
    summary = record(plain(value))
    if not summary:
        return None
    rows = RowCounts(*(count(summary.get(name)) for name in RowCounts._fields))
    ended = how_it_ended(summary, "sync")
    unknown = Outcome.FAILED if ended["status"] else None
    end = SYNC_OUTCOMES.get(ended["status"].upper(), unknown)
    if end is Outcome.FAILED and summary.get("passed") is True:
        end = Outcome.PARTIAL
    return Sync(
        **ended,
        end=end,
        mapping=text(summary.get("subscription_id")),
        error=text(summary.get("error")),
        decision=text(summary.get("decision")),
        extracted=count(summary.get("extracted")) or rows.changed,
        rows=rows,
        told=summary,
    )
