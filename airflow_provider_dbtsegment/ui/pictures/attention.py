"""What needs attention: runs that failed, rows that were rejected, mappings that fell behind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from statistics import median
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.pictures import broken
from airflow_provider_dbtsegment.ui.pictures.freshness import Freshness
from airflow_provider_dbtsegment.ui.reading.pipelines import Pipeline
from airflow_provider_dbtsegment.ui.reading.rows import RunRow
from airflow_provider_dbtsegment.ui.words import duration, rough

#: A run that takes so many times what is usual is said to be slow, from so many seconds on.
SLOW_RATIO, SLOW_SECONDS = 2.0, 300.0
#: Of one run so many causes are told.
CAUSES = 3


class Item(NamedTuple):
    """Something to look at; ``rank`` 0 is the most urgent."""

    rank: int
    tone: str
    dag_id: str
    run: RunRow | None
    title: str
    words: str
    when: datetime | None


def draw(pipelines: Sequence[Pipeline], mappings: Sequence[Freshness], now: datetime) -> list[Item]:
    """Return what needs attention, the most urgent first, then the newest."""
    found = [item for pipeline in pipelines for item in _of_pipeline(pipeline, now)]
    told = {(p.dag_id, p.ended.run_id) for p in pipelines if p.ended and p.ended.state == "failed"}
    found += [item for one in mappings for item in _of_mapping(one, told)]
    return sorted(found, key=lambda item: (item.rank, -(item.when.timestamp() if item.when else 0)))


def _ended(pipeline: Pipeline) -> Iterator[RunRow]:
    return (run for run in pipeline.runs if not run.active)


def _of_pipeline(pipeline: Pipeline, now: datetime) -> Iterator[Item]:
    ended, usual = pipeline.ended, usual_seconds(pipeline)
    if ended is not None and ended.state == "failed":
        causes = broken.draw(pipeline.failed) if pipeline.failed else []
        told = [f"{cause.title}: {cause.words}" for cause in causes[:CAUSES]]
        more = f"\nAnd {len(causes) - CAUSES} more." if len(causes) > CAUSES else ""
        words = "\n".join(told) + more if told else "The run's page and its log say why."
        in_a_row = len(list(takewhile(lambda run: run.state != "success", _ended(pipeline))))
        title = "The last run failed" if in_a_row < 2 else f"The last {in_a_row} runs failed"
        yield Item(0, "failed", pipeline.dag_id, ended, title, words, ended.ended or ended.due)
    for run in pipeline.runs:
        if run.active and run.started and usual:
            took = (now - run.started).total_seconds()
            if took > SLOW_RATIO * usual and took > SLOW_SECONDS:
                words = f"It has been going on for {duration(took)}; usual are {duration(usual)}."
                yield Item(2, "running", pipeline.dag_id, run, "Slow", words, run.started)


def usual_seconds(pipeline: Pipeline) -> float | None:
    """Return the median of what successful runs took."""
    took = [
        (run.ended - run.started).total_seconds()
        for run in pipeline.runs
        if run.state == "success" and run.started and run.ended
    ]
    return median(took) if took else None


def _of_mapping(one: Freshness, told: Collection[tuple[str, str]]) -> Iterator[Item]:
    """
    Return what a mapping is to be looked at for.

    :param told: The runs that failed, which are said to have done so already.
    """
    last, title = one.last, one.mapping.title
    if not last.sync.is_good and (one.dag_id, last.run.run_id) not in told:
        how = ", ".join(filter(None, (last.sync.word, broken.rejected(last.sync.rows))))
        words = f"The last sync: {how}. {last.sync.error}".strip()
        yield Item(1, one.tone, one.dag_id, last.run, title, words, last.finished)
    elif one.late:
        usual = f"; usual is every {rough(one.usual)}" if one.usual else ""
        since = f"Its rows are {one.age}{usual}." if one.fresh else "It never succeeded."
        yield Item(3, "warning", one.dag_id, last.run, title, since, one.fresh)
