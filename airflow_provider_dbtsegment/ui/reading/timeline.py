"""When each node ran, and on which thread: the `timeline` of a run's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from .values import count, items, moment, record, seconds, text, whole

#: More nodes than these are not drawn.
MAX_NODES = 5000


class Node(NamedTuple):
    """
    A node's last result.

    :param start: Seconds from the timeline's beginning.
    :param thread: Its place among the timeline's threads.
    :param step: Its place among the run's steps.
    """

    name: str
    kind: str
    status: str
    start: float
    seconds: float
    thread: int | None
    step: int | None


@dataclass(frozen=True)
class NodeTimeline:
    """
    The nodes of a run on one axis.

    :param critical_path: Places in ``nodes``; `None` where the dependencies are not known.
    :param skipped: Places in ``nodes``, each with the place of the failed node it waited for.
    :param more_nodes: How many nodes are left out.
    :param places: Where the nodes of the summary are in ``nodes``.
    """

    began: datetime
    threads: tuple[str, ...]
    nodes: tuple[Node, ...]
    critical_path: tuple[int, ...] | None
    skipped: tuple[tuple[int, int | None], ...]
    more_nodes: int
    places: Mapping[int, int]


def read_timeline(given: Any, run_began: datetime | None) -> NodeTimeline | None:
    """
    Return a timeline, or `None` where there is none; nodes that cannot be read are left out.

    :param run_began: From when times count where the timeline itself does not say it.
    """
    told = record(given)
    began = moment(told.get("began")) or (run_began if told else None)
    if began is None:
        return None
    names = [[text(one) for one in items(told.get(key))] for key in ("types", "statuses")]
    threads = tuple(text(one) for one in items(told.get("threads")))
    rows = items(told.get("nodes"))
    nodes: list[Node] = []
    places: dict[int, int] = {}
    for place, row in enumerate(rows[:MAX_NODES]):
        node = _node(row, names[0], names[1], len(threads))
        if node is not None:
            places[place] = len(nodes)
            nodes.append(node)
    path = told.get("critical_path")
    return NodeTimeline(
        began=began,
        threads=threads,
        nodes=tuple(nodes),
        critical_path=_places(path, places) if isinstance(path, list) else None,
        skipped=tuple(_skipped(told.get("skipped"), places)),
        more_nodes=count(told.get("more_nodes")) + len(rows) - len(nodes),
        places=places,
    )


def _node(row: Any, kinds: Sequence[str], statuses: Sequence[str], threads: int) -> Node | None:
    """Return a node; it needs a name, and without times it is one that never ran."""
    if not isinstance(row, list) or len(row) < 3 or not text(row[0]):
        return None
    row = [*row, *[None] * 7]
    thread = whole(row[5])
    return Node(
        name=text(row[0]),
        kind=_named(kinds, row[1]),
        status=_named(statuses, row[2]),
        start=seconds(row[3]) or 0.0,
        seconds=seconds(row[4]) or 0.0,
        thread=thread if thread is not None and 0 <= thread < threads else None,
        step=whole(row[6]),
    )


def _named(names: Sequence[str], index: Any) -> str:
    return names[index] if type(index) is int and 0 <= index < len(names) else ""


def _places(given: Any, places: dict[int, int]) -> tuple[int, ...]:
    return tuple(places[one] for one in items(given) if type(one) is int and one in places)


def _skipped(given: Any, places: dict[int, int]) -> list[tuple[int, int | None]]:
    found = []
    for pair in items(given):
        if isinstance(pair, list) and len(pair) == 2 and whole(pair[0]) in places:
            cause = whole(pair[1])
            found.append((places[pair[0]], places.get(cause) if cause is not None else None))
    return found
