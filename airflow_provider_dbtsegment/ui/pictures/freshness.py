"""How fresh the rows of each mapping are, and whether that is later than usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.trend import Trend, draw_trend
from airflow_provider_dbtsegment.ui.reading.history import PastSync
from airflow_provider_dbtsegment.ui.reading.pipelines import Pipeline
from airflow_provider_dbtsegment.ui.words import age, grouped, many

#: A mapping is late when its rows are older than so many of its usual intervals.
LATE = 2.0
#: … and than so many seconds.
PATIENCE = 600.0


class Freshness(NamedTuple):
    """
    A mapping of a pipeline.

    :param last: Its last sync.
    :param fresh: When the last one succeeded, at least in part.
    :param usual: The median of the seconds between its syncs.
    """

    dag_id: str
    mapping: str
    last: PastSync
    tone: str
    word: str
    fresh: datetime | None
    age: str
    usual: float | None
    late: bool
    delivered: int
    refused: str
    trend: Trend | None


def draw(pipelines: Sequence[Pipeline], now: datetime) -> list[Freshness]:
    """Return the mappings of all pipelines: the late ones first, then by their names."""
    rows = [row for pipeline in pipelines for row in _rows(pipeline, now)]
    return sorted(rows, key=lambda row: (not row.late, row.dag_id, row.mapping))


def _rows(pipeline: Pipeline, now: datetime) -> Iterator[Freshness]:
    for mapping, past in pipeline.syncs.items():
        last = past[-1]
        good = [one.finished for one in past if one.sync.end in ("success", "partial")]
        # A run that was cleared ends after newer ones.
        fresh = max(filter(None, good), default=None)
        usual = _interval(past)
        old = None if fresh is None else (now - fresh).total_seconds()
        late = old is None or (usual is not None and old > max(LATE * usual, PATIENCE))
        yield Freshness(
            dag_id=pipeline.dag_id,
            mapping=mapping,
            last=last,
            tone=tones.of_sync(last.sync.end),
            word=last.sync.status.replace("_", " ").lower(),
            fresh=fresh,
            age="" if old is None else age(old),
            usual=usual,
            late=late and not pipeline.paused,
            delivered=last.sync.delivered,
            refused=f"{grouped(last.sync.failed)} of {many(last.sync.tried, 'row')}",
            trend=draw_trend(past),
        )


def _interval(past: Sequence[PastSync]) -> float | None:
    """Return the usual seconds between syncs, of which three are needed."""
    times = sorted(one.finished for one in past if one.finished)
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
    return median(gaps) if len(gaps) > 1 else None
