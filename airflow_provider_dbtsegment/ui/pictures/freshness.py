"""How fresh the rows of each mapping are, and whether that is later than usual."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.trend import Trend, draw_trend
from airflow_provider_dbtsegment.ui.reading.history import PastSync
from airflow_provider_dbtsegment.ui.reading.mappings import MappingName
from airflow_provider_dbtsegment.ui.reading.pipelines import Pipeline, is_late, usual_interval
from airflow_provider_dbtsegment.ui.words import age

_ARRIVED = (Outcome.SUCCESS, Outcome.PARTIAL)


class Freshness(NamedTuple):
    """
    A mapping of a pipeline.

    :param key: What tells it from the others of the pipeline.
    :param past: Its syncs, the oldest first.
    :param fresh: When the last one succeeded, at least in part.
    :param usual: The median of the seconds between its syncs.
    """

    dag_id: str
    key: str
    past: Sequence[PastSync]
    fresh: datetime | None
    old: float | None
    usual: float | None
    late: bool

    @property
    def last(self) -> PastSync:
        """Its last sync."""
        return self.past[-1]

    @property
    def mapping(self) -> MappingName:
        """What it is called."""
        return self.last.mapping

    @property
    def tone(self) -> str:
        """The colour of its last sync."""
        return tones.of_sync(self.last.sync)

    @property
    def age(self) -> str:
        """How old its rows are, in words."""
        return "never arrived" if self.old is None else f"{age(self.old)} old"

    @property
    def trend(self) -> Trend | None:
        """The trend of its syncs."""
        return draw_trend(self.past)


def draw(
    pipelines: Sequence[Pipeline],
    now: datetime,
    wanted: Collection[tuple[str, str]] | None = None,
) -> list[Freshness]:
    """
    Return the mappings of pipelines: those to look at first, then by their names.

    :param wanted: The DAG and the key of each to return; by default all.
    """
    rows = (row for pipeline in pipelines for row in _rows(pipeline, now, wanted))
    return sorted(rows, key=_order)


def _rows(
    pipeline: Pipeline, now: datetime, wanted: Collection[tuple[str, str]] | None
) -> Iterator[Freshness]:
    usual_run = usual_interval(run.due for run in pipeline.runs)
    for key, past in pipeline.syncs.items():
        if wanted is not None and (pipeline.dag_id, key) not in wanted:
            continue
        in_part = key in pipeline.in_part
        # A run that was cleared ends after newer ones.
        arrived = (one.finished for one in past if one.sync.end in _ARRIVED)
        fresh = max(filter(None, arrived), default=None)
        usual = usual_interval(one.finished for one in past)
        if usual is None and in_part:
            usual = usual_run
        old = None if fresh is None else (now - fresh).total_seconds()
        late = not in_part if old is None else is_late(old, usual)
        is_waiting = late and not pipeline.paused
        yield Freshness(pipeline.dag_id, key, past, fresh, old, usual, is_waiting)


def _order(row: Freshness) -> tuple[int, str, str]:
    sync = row.last.sync
    rank = 0 if sync.end not in _ARRIVED else 1 if not sync.is_good else 2 if row.late else 3
    return rank, row.dag_id, row.key
