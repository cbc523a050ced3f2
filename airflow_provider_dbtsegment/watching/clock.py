"""Two clocks: the wall clock, which can be set, and one that never jumps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Moment(NamedTuple):
    """
    One moment by both clocks.

    :param wall: Seconds since the epoch; for deadlines, which other processes know as well.
    :param steady: Seconds of a monotonic clock; for intervals and for how long something lasts.
    """

    wall: float
    steady: float


@dataclass(frozen=True)
class Clock:
    """
    Reads both clocks.

    :param wall: Returns the seconds since the epoch.
    :param steady: Returns the seconds of a monotonic clock.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def now(self) -> Moment:
        """Return this moment."""
        return Moment(self.wall(), self.steady())
