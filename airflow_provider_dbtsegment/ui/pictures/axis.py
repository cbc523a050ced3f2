"""A time axis in seconds from its beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3600 * hours for hours in (1, 2, 3, 6, 12, 24)),
)
_TICKS = 10


class Tick(NamedTuple):
    """A place on the axis, in percent of its length."""

    percent: float
    label: str


@dataclass(frozen=True)
class Axis:
    """
    A time axis.

    :param length: In seconds, above 0.
    """

    began: datetime
    length: float

    def place(self, moment: datetime) -> float:
        """Return where a point in time stands, in seconds."""
        return round((moment - self.began).total_seconds(), 3)

    @property
    def ticks(self) -> list[Tick]:
        """At most ten or so places with round labels."""
        step = next((one for one in _STEPS if self.length / one <= _TICKS), None)
        if step is None:
            step = 86400 * max(1, round(self.length / 86400 / _TICKS))
        places = [round(step * number, 1) for number in range(int(self.length / step) + 1)]
        return [Tick(round(100 * place / self.length, 3), elapsed(place)) for place in places]


def around(moments: Iterable[datetime | None]) -> Axis | None:
    """Return the axis that holds all of these moments, or `None` if there are none."""
    known = [moment for moment in moments if moment is not None]
    if not known:
        return None
    began = min(known)
    return Axis(began, max(0.1, round((max(known) - began).total_seconds(), 3)))


def elapsed(seconds: float) -> str:
    """Return a short label: ``0``, ``0.5s``, ``30s``, ``1:30``, ``2h``, ``1:05h``."""
    if seconds < 60:
        return "0" if not seconds else f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d} h"
