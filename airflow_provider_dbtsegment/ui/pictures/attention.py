"""What needs attention: runs that failed, rows that were refused, mappings that fell behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    failed = {pipeline.dag_id for pipeline in pipelines if _has_failed(pipeline)}
    found += [item for one in mappings for item in _of_mapping(one, failed)]
    return sorted(found, key=lambda item: (item.rank, -(item.when.timestamp() if item.when else 0)))


def _ended(pipeline: Pipeline) -> Iterator[RunRow]:
    return (run for run in pipeline.runs if not run.active)


def _has_failed(pipeline: Pipeline) -> bool:
    return pipeline.ended is not None and pipeline.ended.state == "failed"


def _of_pipeline(pipeline: Pipeline, now: datetime) -> Iterator[Item]:
    ended = pipeline.ended
    if ended is not None and ended.state == "failed":
        causes = broken.draw(pipeline.failed) if pipeline.failed else []
        told = [f"{cause.title}: {cause.words}" for cause in causes[:CAUSES]]
        more = f"\nAnd {len(causes) - CAUSES} more." if len(causes) > CAUSES else ""
        words = "\n".join(told) + more if told else "The run's page and its log say why."
        in_a_row = len(list(takewhile(lambda run: run.state != "success", _ended(pipeline))))
        title = "The last run failed" if in_a_row < 2 else f"The last {in_a_row} runs failed"
        yield Item(0, "failed", pipeline.dag_id, ended, title, words, ended.ended or ended.due)
    for run in pipeline.runs:
        usual = usual_seconds(pipeline)
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


def _of_mapping(one: Freshness, failed: set[str]) -> Iterator[Item]:
    last = one.last
    title = f"Mapping {one.mapping}"
    if last.sync.end != "success" and one.dag_id not in failed:
        words = f"The last sync: {one.word}, {one.refused} refused. {last.sync.error}".strip()
        yield Item(1, one.tone, one.dag_id, last.run, title, words, last.finished)
    elif one.late:
        usual = f"; usual is every {rough(one.usual)}" if one.usual else ""
        since = f"Its rows are {one.age} old{usual}." if one.age else "It never succeeded."
        yield Item(3, "warning", one.dag_id, last.run, title, since, one.fresh)
