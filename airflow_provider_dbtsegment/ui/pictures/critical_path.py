"""The critical path: the chain of nodes that made the run take as long as it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.reading.history import History
from airflow_provider_dbtsegment.ui.reading.run import Part
from airflow_provider_dbtsegment.ui.reading.timeline import Node
from airflow_provider_dbtsegment.ui.words import share


class Link(NamedTuple):
    """
    A node of the chain; times in seconds, places in percent of the chain's length.

    :param waited: Between the end of the one before and its beginning.
    :param part: Its share of the whole chain.
    """

    node: Node
    waited: float
    x: float
    width: float
    part: str
    usual: float | None
    tone: str


@dataclass(frozen=True)
class CriticalPath:
    """The chain of one run; seconds."""

    task: str
    links: tuple[Link, ...]
    length: float
    busy: float

    @property
    def busy_share(self) -> str:
        """Which part of its length the chain's nodes ran."""
        return share(self.busy, self.length)


def draw(part: Part, history: History) -> CriticalPath | None:
    """Return the critical path of a run, or `None` where the dependencies are not known."""
    timeline = part.dbt.timeline if part.dbt else None
    if timeline is None or not timeline.critical_path:
        return None
    chain = [timeline.nodes[place] for place in timeline.critical_path]
    began = min(node.start for node in chain)
    ended = max(node.start + node.seconds for node in chain)
    length = max(ended - began, 0.001)
    usual = history.usual.get(part.task.key, {})
    links, before = [], began
    for node in chain:
        links.append(
            Link(
                node=node,
                waited=max(0.0, node.start - before),
                x=round(100 * (node.start - began) / length, 3),
                width=round(100 * node.seconds / length, 3),
                part=share(node.seconds, length),
                usual=usual.get((node.kind, node.name)),
                tone=tones.of_node(node.status),
            )
        )
        before = max(before, node.start + node.seconds)
    return CriticalPath(part.task.name, tuple(links), length, sum(n.seconds for n in chain))
