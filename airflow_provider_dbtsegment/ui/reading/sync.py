"""A sync of Segment's Reverse ETL, as the XCom `sync_summary` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from .values import address, count, moment, plain, record, seconds, text

_ENDS = {
    "SUCCESS": "success",
    "PARTIAL_SUCCESS": "partial",
    "FAIL": "failed",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
}


class Phase(NamedTuple):
    """A part of a sync: Segment reads the warehouse, or loads the destination."""

    name: str
    started: datetime
    finished: datetime


@dataclass(frozen=True)
class Sync:
    """What is known of a sync; rows are counted, ``mapping`` is Segment's subscription."""

    sync_id: str
    url: str
    model: str
    mapping: str
    status: str
    error: str
    seconds: float | None
    started: datetime | None
    finished: datetime | None
    phases: tuple[Phase, ...]
    extracted: int
    added: int
    updated: int
    deleted: int
    delivered: int
    failed: int

    @property
    def end(self) -> str:
        """How it ended: ``success``, ``partial``, ``failed`` or ``cancelled``."""
        return _ENDS.get(self.status.upper(), "failed" if self.status else "unknown")

    @property
    def tried(self) -> int:
        """How many rows the destination was given."""
        return self.delivered + self.failed


def read_sync(value: Any) -> Sync | None:
    """Return the sync that an XCom tells of, or `None` if it tells of none."""
    summary = record(plain(value))
    if not summary:
        return None
    rows = {key: count(summary.get(key)) for key in ("added", "updated", "deleted")}
    return Sync(
        sync_id=text(summary.get("sync_id")),
        url=address(summary.get("sync_url")),
        model=text(summary.get("model_id")),
        mapping=text(summary.get("subscription_id")),
        status=text(summary.get("status")),
        error=text(summary.get("error")),
        seconds=seconds(summary.get("duration")),
        started=moment(summary.get("started_at")),
        finished=moment(summary.get("finished_at")),
        phases=tuple(
            Phase(name, began, ended)
            for name in ("extract", "load")
            if (began := moment(summary.get(f"{name}_started_at")))
            and (ended := moment(summary.get(f"{name}_finished_at")))
            and ended >= began
        ),
        extracted=count(summary.get("extracted")) or sum(rows.values()),
        added=rows["added"],
        updated=rows["updated"],
        deleted=rows["deleted"],
        delivered=count(summary.get("delivered")),
        failed=count(summary.get("failed")),
    )
