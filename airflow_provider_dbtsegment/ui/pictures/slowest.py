"""The slowest nodes of a run, beside the time they usually take."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.reading.history import History
from airflow_provider_dbtsegment.ui.reading.run import Part
from airflow_provider_dbtsegment.ui.reading.timeline import Node

SHOWN = 15
#: A node that takes so many times what is usual, and so many seconds more, stands out.
RATIO, SECONDS = 1.5, 1.0


class Slow(NamedTuple):
    """A node; places in percent of the slowest one's time."""

    node: Node
    usual: float | None
    width: float
    mark: float | None
    tone: str
    change: str
    stands_out: bool


@dataclass(frozen=True)
class Slowest:
    """
    The slowest nodes of one run.

    :param known: Whether there are runs before to compare with.
    :param others: How many more nodes took far longer than usual.
    """

    task: str
    rows: tuple[Slow, ...]
    known: bool
    others: int


def draw(part: Part, history: History) -> Slowest | None:
    """Return the slowest nodes of a run, or `None` where no times are known."""
    timeline = part.dbt.timeline if part.dbt else None
    nodes = [node for node in timeline.nodes if node.seconds] if timeline else []
    if not nodes:
        return None
    usual = history.usual.get(part.task.key, {})
    slowest = heapq.nlargest(SHOWN, nodes, key=lambda node: node.seconds)
    known = [usual.get((node.kind, node.name)) for node in slowest]
    widest = max(slowest[0].seconds, *(one or 0.0 for one in known))
    rows = tuple(_row(*pair, widest) for pair in zip(slowest, known, strict=True))
    out = sum(stands_out(n.seconds, usual.get((n.kind, n.name))) for n in nodes)
    return Slowest(part.task.name, rows, bool(usual), out - sum(row.stands_out for row in rows))


def stands_out(seconds: float, usual: float | None) -> bool:
    """Return whether a time is far from what is usual."""
    return usual is not None and seconds > RATIO * usual and seconds - usual > SECONDS


def _row(node: Node, usual: float | None, widest: float) -> Slow:
    change = ""
    if usual:
        percent = 100 * (node.seconds - usual) / usual
        change = "as usual" if abs(percent) < 5 else f"{percent:+.0f} %"
        if percent >= 200:
            change = f"{node.seconds / usual:.1f} times"
    return Slow(
        node=node,
        usual=usual,
        width=round(100 * node.seconds / widest, 2),
        mark=None if usual is None else round(100 * usual / widest, 2),
        tone=tones.of_node(node.status),
        change=change,
        stands_out=stands_out(node.seconds, usual),
    )
