"""The funnel: of each mapping the rows that changed, those delivered, and those rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.trend import Trend, draw_trend
from airflow_provider_dbtsegment.ui.reading.history import History
from airflow_provider_dbtsegment.ui.reading.mappings import MappingName
from airflow_provider_dbtsegment.ui.reading.run import Part, RunReading
from airflow_provider_dbtsegment.ui.reading.sync import RowCounts, Sync
from airflow_provider_dbtsegment.ui.reading.sync import total as sum_of
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
    :param arrived: The lower bar: delivered and rejected.
    """

    part: Part
    mapping: MappingName
    sync: Sync | None
    tone: str
    word: str
    changed: tuple[Slice, ...]
    arrived: tuple[Slice, ...]
    delivered_share: str
    rejected_share: str
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
    rows: RowCounts
    delivered_share: str
    rejected_share: str


def draw(reading: RunReading, history: History) -> list[Funnel]:
    """Return a row for each sync: those to look at first, then by rows."""
    rows = [_row(part, history) for part in reading.syncs]
    return sorted(rows, key=_order)


def total(rows: Sequence[Funnel]) -> Total:
    """Return the sums."""
    syncs = [row.sync for row in rows if row.sync is not None]
    sums = sum_of(sync.rows for sync in syncs)
    return Total(
        mappings=len(rows),
        ended=len(syncs),
        rows=sums,
        delivered_share=share(sums.delivered, sums.tried),
        rejected_share=share(sums.rejected, sums.tried),
    )


def _row(part: Part, history: History) -> Funnel:
    changed: tuple[Slice, ...] = ()
    arrived: tuple[Slice, ...] = ()
    sync, past, mapping = part.sync, history.of(part), part.mapping
    if past and not (mapping.id and mapping.destination):
        mapping = past[-1].mapping._replace(task=mapping.task)
    if sync is None:
        tone, word = tones.of_state(part.task.state), part.task.word
    else:
        tone, word, rows = tones.of_sync(sync), sync.word, sync.rows
        widest = max(rows.changed, rows.tried)
        changed = _slices(rows, ("added", "updated", "deleted"), widest)
        arrived = _slices(rows, ("delivered", "rejected"), widest)
    return Funnel(
        part=part,
        mapping=mapping,
        sync=sync,
        tone=tone,
        word=word,
        changed=changed,
        arrived=arrived,
        delivered_share=share(sync.rows.delivered, sync.rows.tried) if sync else NONE,
        rejected_share=share(sync.rows.rejected, sync.rows.tried) if sync else NONE,
        trend=draw_trend(past),
        finished=sync.finished if sync else None,
    )


def _slices(rows: RowCounts, names: Sequence[str], widest: int) -> tuple[Slice, ...]:
    """Return the parts of a bar; what is not 0 can be seen."""
    found, x = [], 0.0
    for tone in names:
        number = getattr(rows, tone)
        if number and widest:
            width = max(0.6, WIDTH * number / widest)
            found.append(Slice(round(min(x, WIDTH - width), 2), round(width, 2), tone))
            x += width
    return tuple(found)


def _order(row: Funnel) -> tuple[bool, int, int, str]:
    rows = row.sync.rows if row.sync else RowCounts()
    return not row.part.broken, -rows.rejected, -rows.tried, row.mapping.key
