"""What was skipped and why: the nodes that waited for one that failed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.reading.run import Part, RunReading
from airflow_provider_dbtsegment.ui.reading.timeline import Node

#: Of each group so many are named; the table of all nodes holds the rest.
NAMED = 12


class Group(NamedTuple):
    """Nodes that were skipped for one reason; without a cause it is not known."""

    cause: Node | None
    nodes: tuple[Node, ...]
    more: int


@dataclass(frozen=True)
class Skipped:
    """
    What was skipped of a run, the largest group first.

    :param total: By dbt's own count, which may be more than is kept in detail.
    """

    task: str
    groups: tuple[Group, ...]
    total: int


def draw(part: Part) -> Skipped | None:
    """Return what a run skipped, or `None` if that was nothing."""
    run = part.dbt
    if run is None or not (total := run.statuses.get("skipped", 0)):
        return None
    by_cause: dict[int | None, list[Node]] = defaultdict(list)
    nodes = run.timeline.nodes if run.timeline else ()
    for place, cause in run.timeline.skipped if run.timeline else ():
        by_cause[cause].append(nodes[place])
    groups = [
        Group(None if cause is None else nodes[cause], tuple(all_[:NAMED]), len(all_[NAMED:]))
        for cause, all_ in sorted(by_cause.items(), key=lambda one: -len(one[1]))
    ]
    return Skipped(part.task.name, tuple(groups), total)


def tasks_not_run(reading: RunReading) -> list[Part]:
    """Return the tasks that did not run because something before them failed, or was skipped."""
    return [p for p in reading.parts if p.task.state in ("upstream_failed", "skipped")]
