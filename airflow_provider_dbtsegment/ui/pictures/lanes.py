"""The threads of a dbt run as rows of the timeline, with a bar for every node."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.pictures.bars import Mark, Row
from airflow_provider_dbtsegment.ui.reading.run import Part
from airflow_provider_dbtsegment.ui.reading.timeline import Node, NodeTimeline
from airflow_provider_dbtsegment.ui.words import duration

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.ui.pictures.timeline import Timeline

LANE_HEIGHT, BAR = 15, 11
#: So many failed nodes can be reached with the keyboard; the table holds all.
MAX_MARKS = 100


def ends(timeline: NodeTimeline | None) -> Iterator[datetime]:
    """Return when the first node began and the last one ended."""
    if timeline is not None and timeline.nodes:
        yield timeline.began + timedelta(seconds=min(node.start for node in timeline.nodes))
        last = max(node.start + node.seconds for node in timeline.nodes)
        yield timeline.began + timedelta(seconds=last)


def add(picture: Timeline, part: Part, usual: Mapping[tuple[str, str], float]) -> None:
    """Append the threads of a run to the picture, and its nodes to the picture's data."""
    timeline = part.dbt.timeline if part.dbt else None
    if timeline is None or part.dbt is None:
        return
    shift = picture.axis.place(timeline.began)
    threads = sorted(
        {node.thread for node in timeline.nodes if node.thread is not None},
        key=lambda one: _natural(timeline.threads[one]),
    )
    rows: dict[int | None, Row] = {thread: _row(timeline.threads[thread]) for thread in threads}
    if any(_is_loose(node) for node in timeline.nodes):
        rows[None] = _row("thread unknown")
    for row in rows.values():
        picture.add(row)
    critical = frozenset(timeline.critical_path or ())
    drawn: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    order: dict[int, int] = defaultdict(int)
    for place, node in enumerate(timeline.nodes):
        if not _is_drawn(node, rows):
            continue
        row = rows[node.thread]
        x, y = round(shift + node.start, 3), row.y + (LANE_HEIGHT - BAR) // 2
        tone = tones.of_node(node.status)
        if tone == "failed" and len(picture.marks) < MAX_MARKS:
            title = f"{node.kind} {node.name}: {node.status} after {duration(node.seconds)}"
            mark = Mark(x, node.seconds, y, BAR, len(picture.data), place, title)
            picture.marks.append(mark)
        else:
            # Two shades in turn tell neighbours apart at any width.
            order[id(row)] += 1
            tone += str(order[id(row)] % 2)
            path = drawn[id(row)][tone]
            path.append(f"M{x:.10g} {y}h{node.seconds:.10g}v{BAR}h-{node.seconds:.10g}z")
        if place in critical:
            drawn[id(row)]["critical"].append(f"M{x:.10g} {y + BAR + 1}h{node.seconds:.10g}")
    for row in rows.values():
        row.paths = {tone: "".join(path) for tone, path in drawn[id(row)].items()}
    picture.data.append(_data(part, timeline, shift, rows, usual))


def _data(
    part: Part,
    timeline: NodeTimeline,
    shift: float,
    rows: Mapping[int | None, Row],
    usual: Mapping[tuple[str, str], float],
) -> dict[str, Any]:
    """Return the nodes for the script: texts once, and numbers that point at them."""
    texts: dict[str, int] = {}

    def place(text: str) -> int:
        return texts.setdefault(text, len(texts))

    nodes = [
        [
            node.name,
            place(node.kind),
            place(node.status),
            round(shift + node.start, 3),
            node.seconds,
            rows[node.thread].y if _is_drawn(node, rows) else -1,
            -1 if node.step is None else node.step,
            round(usual.get((node.kind, node.name), 0), 2),
        ]
        for node in timeline.nodes
    ]
    run = part.dbt
    return {
        "task": part.task.name,
        "texts": list(texts),
        "tones": [tones.of_node(text) for text in texts],
        "nodes": nodes,
        "critical": list(timeline.critical_path or ()),
        "steps": [step.name for step in run.steps] if run else [],
        "lanes": {row.y: row.label for row in rows.values()},
        "messages": {
            f.node: [f.path, f.message] for f in (run.failures if run else ()) if f.node is not None
        },
    }


def _row(label: str) -> Row:
    return Row(label=label, note="", kind="lane", height=LANE_HEIGHT)


def _is_drawn(node: Node, rows: Mapping[int | None, Row]) -> bool:
    """Whether a node has a place on a lane; one that was skipped has none."""
    return node.thread in rows and (node.thread is not None or _is_loose(node))


def _is_loose(node: Node) -> bool:
    """Whether a node ran, but nobody knows on which thread."""
    return node.thread is None and node.seconds > 0


def _natural(label: str) -> list[tuple[int, str]]:
    """Sort ``Thread-2`` before ``Thread-10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", label)]
