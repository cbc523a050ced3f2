"""A made-up world: a clock that moves when somebody waits, and processes that die."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from tests.histories.tape import Tape

#: Seconds since the epoch at which every history begins.
BEGINNING = 1_000_000.0


class Death(BaseException):
    """The process that runs a try ends here."""


class World:
    """The time, what is to happen at which time, and what has happened."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        #: The time that passes, by a clock that nobody sets.
        self.now = BEGINNING
        #: When the clocks of workers and triggerers are set, and by how much; never for most.
        self.clock_is_set: tuple[float, float] | None = None
        self.story: list[str] = []
        #: After so many points at which a process can die it does; `None` is never.
        self.lives: int | None = None
        #: After so many points the process stands still, and this happens meanwhile.
        self.freezes: tuple[int, Callable[[], None]] | None = None
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        """Return the seconds since the epoch by the clock of this machine, which may be set."""
        at, by = self.clock_is_set or (0.0, 0.0)
        return self.now + (by if self.now >= at else 0.0)

    def steady(self) -> float:
        """Return the seconds of a monotonic clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Sleep, and perhaps die of it."""
        self.advance(self.now + seconds)
        self.point("asleep")

    def advance(self, until: float) -> None:
        """Let the time pass."""
        while self._later and self._later[0][0] <= until:
            at, _, happen = heapq.heappop(self._later)
            self.now = max(self.now, at)
            happen()
        self.now = max(self.now, until)

    def later(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen some time from now."""
        heapq.heappush(self._later, (self.now + seconds, next(self._order), happen))

    def point(self, where: str) -> None:
        """Pass a point at which a process can stand still, or die."""
        if self.freezes is not None:
            left, happen = self.freezes
            self.freezes = (left - 1, happen) if left else None
            if not left:
                self.tell(f"stands still {where}")
                lives, self.lives = self.lives, None
                happen()
                self.lives = lives
                self.tell("goes on")
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                self.lives = None
                self.tell(f"dies {where}")
                raise Death(where)

    def tell(self, line: str) -> None:
        """Write down what happens."""
        self.story.append(f"{self.now - BEGINNING:8.1f} {line}")
