"""How fresh the rows of each mapping are, and whether that is later than usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.trend import Trend, draw_trend
from airflow_provider_dbtsegment.ui.reading.history import PastSync
from airflow_provider_dbtsegment.ui.reading.mappings import MappingName
from airflow_provider_dbtsegment.ui.reading.pipelines import Pipeline, is_late, usual_interval
from airflow_provider_dbtsegment.ui.words import age


class Freshness(NamedTuple):
    """
    A mapping of a pipeline.

    :param last: Its last sync.
    :param fresh: When the last one succeeded, at least in part.
    :param age: That in words: "3 d old", or what is known instead.
    :param usual: The median of the seconds between its syncs.
    """

    dag_id: str
    mapping: MappingName
    last: PastSync
    tone: str
    fresh: datetime | None
    age: str
    usual: float | None
    late: bool
    trend: Trend | None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others."""
        return self.dag_id, self.mapping.key


def draw(pipelines: Sequence[Pipeline], now: datetime) -> list[Freshness]:
    """Return the mappings of all pipelines: those to look at first, then by their names."""
    return sorted((row for one in pipelines for row in _rows(one, now)), key=_order)


def _rows(pipeline: Pipeline, now: datetime) -> Iterator[Freshness]:
    for key, past in pipeline.syncs.items():
        last, in_part = past[-1], key in pipeline.in_part
        good = [p.finished for p in past if p.sync.end in (Outcome.SUCCESS, Outcome.PARTIAL)]
        # A run that was cleared ends after newer ones.
        fresh = max(filter(None, good), default=None)
        usual = usual_interval(one.finished for one in past)
        if usual is None and in_part:
            usual = usual_interval(run.due for run in pipeline.runs)
        old = None if fresh is None else (now - fresh).total_seconds()
        late = not in_part if old is None else is_late(old, usual)
        yield Freshness(
            dag_id=pipeline.dag_id,
            mapping=last.mapping,
            last=last,
            tone=tones.of_sync(last.sync),
            fresh=fresh,
            age="never arrived" if old is None else f"{age(old)} old",
            usual=usual,
            late=late and not pipeline.paused,
            trend=draw_trend(past),
        )


def _order(row: Freshness) -> tuple[int, str, str]:
    end = row.last.sync.end
    failed = end not in (Outcome.SUCCESS, Outcome.PARTIAL)
    rank = 0 if failed else 1 if not row.last.sync.is_good else 2 if row.late else 3
    return rank, row.dag_id, row.mapping.key
