"""When something will probably have ended, from how long others like it took."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable
from statistics import median

#: So many of the newest durations count: of a kind, and of all together.
MEMORY = 20
MEMORY_OF_ALL = 200
#: So many kinds are known at once; what was not learnt of for longest is forgotten.
KINDS = 2000
#: Where nothing is known: seconds, and how far (in powers of e) they scatter.
UNKNOWN = 300.0
UNKNOWN_SCATTER = 1.2
#: Nothing repeats itself more exactly than this.
LEAST_SCATTER = 0.08
#: Some take much longer or shorter than usual, and some fail early.
ODD_SHARE, ODD_SCATTER = 0.08, 1.0
EARLY_SHARE = 0.03


class Durations:
    """How long those of one kind usually take: a log-normal distribution with a few odd ones."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._logs: deque[float] = deque(maxlen=memory)
        self._suppose(math.log(UNKNOWN), UNKNOWN_SCATTER)

    @property
    def is_known(self) -> bool:
        """Whether there was one at all."""
        return bool(self._logs)

    def add(self, seconds: float) -> None:
        """Learn from one more."""
        if seconds > 0:
            self._logs.append(math.log(seconds))
            self._is_fitted = False

    def _fit(self) -> None:
        middle = median(self._logs)
        # A single odd one does not spoil the median of the distances; few ones say little.
        spread = 1.48 * median(abs(log - middle) for log in self._logs)
        doubt = UNKNOWN_SCATTER / len(self._logs)
        self._suppose(middle, max(LEAST_SCATTER, math.hypot(spread, doubt)))

    def _suppose(self, middle: float, scatter: float) -> None:
        self._middle, self._usual = middle, math.exp(middle)
        self._width, self._odd_width = scatter * math.sqrt(2), ODD_SCATTER * math.sqrt(2)
        self._is_fitted = True

    def going_on(self, seconds: float) -> float:
        """Return the probability that it takes longer than some seconds."""
        if seconds <= 0:
            return 1.0
        if not self._is_fitted:
            self._fit()
        distance = math.log(seconds) - self._middle
        return (
            (1 - ODD_SHARE - EARLY_SHARE) * math.erfc(distance / self._width) / 2
            + ODD_SHARE * math.erfc(distance / self._odd_width) / 2
            + EARLY_SHARE * math.exp(-seconds / self._usual)
        )

    def gain(self, looked: float, now: float) -> float:
        """
        Return for how many seconds it has probably ended unseen.

        :param looked: How long it had been going on when it was last seen to.
        :param now: How long ago it began.
        """
        if now <= looked:
            return 0.0
        still = self.going_on(looked)
        if still < 1e-12:
            return (now - looked) / 2
        # Simpson's rule; at the beginning nothing has ended.
        halfway = 1 - self.going_on((looked + now) / 2) / still
        return (now - looked) * (4 * halfway + 1 - self.going_on(now) / still) / 6


class Forecast:
    """The durations of things by their kind; a kind that is not known yet is like all together."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, Durations] = {}
        self._all = Durations(MEMORY_OF_ALL)

    def knows(self, kind: Hashable) -> bool:
        """Return whether something was learnt of a kind."""
        return kind in self._kinds

    def learn(self, kind: Hashable, seconds: Iterable[float]) -> None:
        """Learn how long some of a kind took; also that there have been none."""
        durations = self._kinds.pop(kind, None) or Durations()
        self._kinds[kind] = durations
        if len(self._kinds) > KINDS:
            del self._kinds[next(iter(self._kinds))]
        for value in seconds:
            durations.add(value)
            self._all.add(value)

    def of(self, kind: Hashable) -> Durations:
        """Return the durations of a kind."""
        found = self._kinds.get(kind)
        return found if found is not None and found.is_known else self._all
