"""What a timeline consists of; heights in pixels, times in seconds of the axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Bar(NamedTuple):
    """A bar of its own; ``tone`` names its colour, ``what`` is what it stands for."""

    x: float
    width: float
    tone: str
    title: str
    what: str


class Mark(NamedTuple):
    """A failed node: its bar, its place among the nodes of the picture's data, its words."""

    x: float
    width: float
    y: int
    height: int
    group: int
    node: int
    title: str


@dataclass
class Row:
    """
    A row: a task, or a thread of one.

    :param paths: Many bars of one colour, as the data of one SVG path.
    """

    label: str
    note: str
    kind: str
    height: int
    bars: list[Bar] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    y: int = 0
