"""The funnel: of each mapping the rows that changed, those that arrived, and those refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.trend import Trend, draw_trend
from airflow_provider_dbtsegment.ui.reading.history import History
from airflow_provider_dbtsegment.ui.reading.run import Part, RunReading
from airflow_provider_dbtsegment.ui.reading.sync import Sync
from airflow_provider_dbtsegment.ui.words import NONE, share

#: A picture is so wide; its parts are shares of that.
WIDTH = 100.0


@dataclass(frozen=True)
class Slice:
    """A part of a bar, in percent of the widest one."""

    x: float
    width: float
    tone: str


@dataclass(frozen=True)
class Funnel:
    """
    A mapping's row.

    :param changed: The upper bar: added, updated, deleted.
    :param arrived: The lower bar: delivered and failed.
    """

    part: Part
    mapping: str
    sync: Sync | None
    tone: str
    word: str
    changed: tuple[Slice, ...]
    arrived: tuple[Slice, ...]
    delivered_share: str
    failed_share: str
    trend: Trend | None
    finished: datetime | None


@dataclass(frozen=True)
class Total:
    """
    The sums of all mappings.

    :param ended: How many of them have a sync that has ended.
    """

    mappings: int
    ended: int
    added: int
    updated: int
    deleted: int
    delivered: int
    failed: int
    delivered_share: str
    failed_share: str


def draw(reading: RunReading, history: History) -> list[Funnel]:
    """Return a row for each sync: those to look at first, then by rows."""
    rows = [_row(part, history) for part in reading.syncs]
    return sorted(rows, key=_order)


def total(rows: Sequence[Funnel]) -> Total:
    """Return the sums."""
    syncs = [row.sync for row in rows if row.sync is not None]
    delivered, failed = sum(s.delivered for s in syncs), sum(s.failed for s in syncs)
    return Total(
        mappings=len(rows),
        ended=len(syncs),
        added=sum(sync.added for sync in syncs),
        updated=sum(sync.updated for sync in syncs),
        deleted=sum(sync.deleted for sync in syncs),
        delivered=delivered,
        failed=failed,
        delivered_share=share(delivered, delivered + failed),
        failed_share=share(failed, delivered + failed),
    )


def _row(part: Part, history: History) -> Funnel:
    changed: tuple[Slice, ...] = ()
    arrived: tuple[Slice, ...] = ()
    sync, past = part.sync, history.syncs.get(part.mapping, [])
    if sync is None:
        tone, word = tones.of_state(part.task.state), part.task.state.replace("_", " ")
    else:
        tone, word = tones.of_sync(sync.end), sync.status.replace("_", " ").lower()
        widest = max(sync.added + sync.updated + sync.deleted, sync.tried)
        counts = (("added", sync.added), ("updated", sync.updated), ("deleted", sync.deleted))
        changed = slices(counts, widest)
        arrived = slices((("delivered", sync.delivered), ("failed", sync.failed)), widest)
    return Funnel(
        part=part,
        mapping=part.mapping,
        sync=sync,
        tone=tone,
        word=word,
        changed=changed,
        arrived=arrived,
        delivered_share=share(sync.delivered, sync.tried) if sync else NONE,
        failed_share=share(sync.failed, sync.tried) if sync else NONE,
        trend=draw_trend(past),
        finished=sync.finished if sync else None,
    )


def slices(counts: Sequence[tuple[str, int]], widest: int) -> tuple[Slice, ...]:
    """Return the parts of a bar; what is not 0 can be seen."""
    found, x = [], 0.0
    for tone, number in counts:
        if number and widest:
            width = max(0.6, WIDTH * number / widest)
            found.append(Slice(round(min(x, WIDTH - width), 2), round(width, 2), tone))
            x += width
    return tuple(found)


def _order(row: Funnel) -> tuple[bool, int, int, str]:
    failed, tried = (row.sync.failed, row.sync.tried) if row.sync else (0, 0)
    return not row.part.broken, -failed, -tried, row.mapping
