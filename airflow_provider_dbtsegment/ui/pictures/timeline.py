"""
The timeline: what ran when, on which thread, and how it ended.

All bars of one colour are one SVG path, so that thousands of nodes stay small and are drawn at
once. The nodes' names go beside the picture, as data for the script that shows what is pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_dbtsegment.ui.pictures import lanes, tones
from airflow_provider_dbtsegment.ui.pictures.axis import Axis, around
from airflow_provider_dbtsegment.ui.pictures.bars import Bar, Mark, Row
from airflow_provider_dbtsegment.ui.reading.history import History
from airflow_provider_dbtsegment.ui.reading.run import Part, RunReading
from airflow_provider_dbtsegment.ui.words import duration, grouped, many

#: Pixels.
TASK_HEIGHT, SYNC_HEIGHT, MARGIN = 26, 24, 4


@dataclass
class Timeline:
    """
    The picture; heights in pixels, times in seconds of the axis.

    :param marks: Failed nodes, each of which can be reached with the keyboard.
    :param data: What the script needs of each node, to become JSON.
    """

    axis: Axis
    rows: list[Row] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    height: int = MARGIN

    @property
    def lane_height(self) -> int:
        """Of a thread's row."""
        return lanes.LANE_HEIGHT

    @property
    def tones(self) -> list[str]:
        """The colours of nodes that occur."""
        found = {name.rstrip("01") for row in self.rows for name in row.paths}
        found |= {"failed"} if self.marks else set()
        return [tone for tone in tones.TONES if tone in found]

    def add(self, row: Row) -> None:
        """Append a row below the others."""
        row.y = self.height
        self.rows.append(row)
        self.height += row.height


def draw(reading: RunReading, history: History, now: datetime) -> Timeline | None:
    """Return the timeline of a run, or `None` if nothing of it has begun."""
    axis = around(_moments(reading, now))
    if axis is None:
        return None
    picture = Timeline(axis)
    for part in reading.parts:
        bars = list(_bars(part, axis, now))
        is_sync = part.kind == "sync"
        picture.add(
            Row(
                label=part.task.name,
                note=_note(part),
                kind=part.kind,
                height=SYNC_HEIGHT if is_sync else TASK_HEIGHT,
                bars=bars,
            )
        )
        if part.dbt is not None and part.dbt.timeline is not None:
            lanes.add(picture, part, history.usual.get(part.task.key, {}))
    picture.height += MARGIN
    return picture


def _moments(reading: RunReading, now: datetime) -> Iterator[datetime | None]:
    """Return all that has to be on the axis."""
    for part in reading.parts:
        told = [moment for moment in _told(part) if moment is not None]
        yield from told or (part.task.started, _end(part, now))


def _told(part: Part) -> Iterator[datetime | None]:
    """Return the times that a task's summary tells."""
    if part.sync is not None:
        yield from (part.sync.started, part.sync.finished)
        for phase in part.sync.phases:
            yield from (phase.started, phase.finished)
    if part.dbt is not None:
        yield from (part.dbt.started, part.dbt.finished)
        for step in part.dbt.steps:
            yield from (step.started, step.finished)
        yield from lanes.ends(part.dbt.timeline)


def _end(part: Part, now: datetime) -> datetime | None:
    """Return until when the bar of a task goes."""
    return part.task.ended or (now if part.task.started else None)


def _bars(part: Part, axis: Axis, now: datetime) -> Iterator[Bar]:
    """Return what stands in the row of a task: its steps, its phases, or else itself."""
    own = [*_sync_bars(part, axis), *_step_bars(part, axis)]
    yield from own
    if not own and not any(_told(part)) and part.task.started and (end := _end(part, now)):
        yield _bar(axis, part.task.started, end, tones.of_state(part.task.state), part.task.word)


def _sync_bars(part: Part, axis: Axis) -> Iterator[Bar]:
    sync = part.sync
    if sync is None:
        return
    for phase in sync.phases:
        tone = "extract" if phase.name == "extract" else f"load {tones.of_sync(sync)}"
        rows = sync.extracted if phase.name == "extract" else sync.rows.delivered
        what = f"{phase.name}, {many(rows, 'row')}"
        yield _bar(axis, phase.started, phase.finished, tone, what)
    if not sync.phases and sync.started and sync.finished:
        yield _bar(axis, sync.started, sync.finished, tones.of_sync(sync), sync.word)


def _step_bars(part: Part, axis: Axis) -> Iterator[Bar]:
    run = part.dbt
    if run is None:
        return
    steps = [step for step in run.steps if step.started and step.finished]
    for step in steps:
        if step.started and step.finished:
            tone = f"step {tones.of_run(step.status)}"
            yield _bar(axis, step.started, step.finished, tone, step.name)
    if not steps and run.started and run.finished:
        yield _bar(axis, run.started, run.finished, f"step {tones.of_run(run.status)}", run.status)


def _bar(axis: Axis, began: datetime, ended: datetime, tone: str, what: str) -> Bar:
    took = max(0.0, (ended - began).total_seconds())
    return Bar(axis.place(began), round(took, 3), tone, f"{what}: {duration(took)}", what)


def _note(part: Part) -> str:
    """Return what stands small beside a row's label."""
    if part.sync is not None:
        rows = part.sync.rows
        of_all = f" of {grouped(rows.tried)}" if rows.rejected else ""
        return f"{grouped(rows.delivered)}{of_all} rows"
    if part.dbt is not None:
        return many(part.dbt.nodes, "node") if part.dbt.nodes else part.dbt.status
    return part.task.word
