"""The pipelines, with their last runs as small bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.attention import usual_seconds
from airflow_provider_dbtsegment.ui.reading.pipelines import Pipeline
from airflow_provider_dbtsegment.ui.reading.rows import RunRow
from airflow_provider_dbtsegment.ui.words import clock, duration, many

WIDTH, HEIGHT = 8, 32


class RunBar(NamedTuple):
    """A run; pixels, its height is its share of the longest one."""

    x: int
    height: float
    tone: str
    run: RunRow
    took: float | None
    title: str


class Line(NamedTuple):
    """A pipeline: its runs from the oldest to the newest, and what they say in one sentence."""

    pipeline: Pipeline
    bars: tuple[RunBar, ...]
    width: int
    last: RunRow | None
    took: float | None
    usual: float | None
    sentence: str


def draw(pipelines: Sequence[Pipeline], now: datetime) -> list[Line]:
    """Return a line for each pipeline."""
    return [_line(pipeline, now) for pipeline in pipelines]


def seconds_of(run: RunRow, now: datetime) -> float | None:
    """Return how long a run took, or has been going on."""
    if run.started is None:
        return None
    return max(0.0, ((run.ended or now) - run.started).total_seconds())


def _line(pipeline: Pipeline, now: datetime) -> Line:
    took = {run.run_id: seconds_of(run, now) for run in pipeline.runs}
    longest = max((one for one in took.values() if one), default=1.0)
    bars = tuple(
        _bar(place * WIDTH, run, took[run.run_id], longest)
        for place, run in enumerate(reversed(pipeline.runs))
    )
    failed = sum(run.state == "failed" for run in pipeline.runs)
    last = pipeline.runs[0] if pipeline.runs else None
    return Line(
        pipeline=pipeline,
        bars=bars,
        width=max(1, len(bars)) * WIDTH,
        last=last,
        took=took[last.run_id] if last else None,
        usual=usual_seconds(pipeline),
        sentence=f"The last {many(len(bars), 'run')}, {failed} of them failed",
    )


def _bar(x: int, run: RunRow, took: float | None, longest: float) -> RunBar:
    title = f"{clock(run.due)}: {run.word}, {duration(took)}"
    height = max(3.0, HEIGHT * (took or 0.0) / longest)
    return RunBar(x, round(height, 1), tones.of_state(run.state), run, took, title)
