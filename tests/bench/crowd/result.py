"""What came of many who waited in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tests.bench.crowd.gauge import Cost, quantile
from tests.bench.service import Count


@dataclass(frozen=True)
class Result:
    """
    What came of a crowd.

    :param steady: The cost while all waited and nothing ended; `whole` is that of everything.
    :param idle: The cost of the same process before anybody waited.
    :param late: By how many seconds each heard too late of its end, in order.
    :param problems: How many waits failed, by reason.
    :param unheard: How many had heard nothing when the time was up.
    :param rate: Requests a second while all waited.
    :param began: When they began to wait, in seconds since the epoch.
    """

    steady: Cost
    whole: Cost
    idle: Cost
    late: Sequence[float]
    problems: dict[str, int]
    unheard: int
    rate: float
    count: Count
    began: float

    @classmethod
    def read(
        cls, told: dict[str, Any], count: Count, ends: Sequence[float], times: dict[str, Any]
    ) -> Result:
        """Put together what the process tells and what the server knows."""
        begin, end = times["steady"]
        heard = {int(n): at for n, at in told["heard"].items()}
        failed = sum(told["problems"].values())
        return cls(
            steady=Cost(**told["steady"]),
            whole=Cost(**told["whole"]),
            idle=Cost(**told["idle"]),
            late=sorted(at - ends[n] for n, at in heard.items()),
            problems=told["problems"],
            unheard=len(ends) - len(heard) - failed,
            rate=count.rate(begin, end),
            count=count,
            began=begin - times["settle"],
        )

    @property
    def failed(self) -> int:
        """How many waits failed though all that was waited for is well, or heard nothing."""
        return sum(self.problems.values()) + self.unheard

    @property
    def processor(self) -> float:
        """Per cent of a core while all waited, over the empty process."""
        return max(0.0, self.steady.processor - self.idle.processor) * 100

    @property
    def memory(self) -> float:
        """Megabytes while all waited, over the empty process."""
        return max(0, self.steady.memory - self.idle.memory) / 1e6

    @property
    def lag(self) -> float:
        """Milliseconds that the event loop was late in 99 of 100 cases while all waited."""
        return self.steady.lags[1] * 1000

    @property
    def whole_lag(self) -> float:
        """The same from the beginning to the last end."""
        return self.whole.lags[1] * 1000

    @property
    def throttled(self) -> int:
        """Requests that were too many."""
        return sum(self.count.throttled.values())

    @property
    def peak(self) -> int:
        """Requests in the busiest second."""
        return max(self.count.seconds.values(), default=0)

    @property
    def mean_lateness(self) -> float | None:
        """The seconds that those who heard were late in the mean."""
        return fmean(self.late) if self.late else None

    def throttled_after(self, seconds: float) -> int:
        """Return how many requests were too many from some seconds after the beginning."""
        since = self.began + seconds
        return sum(number for at, number in self.count.refusals.items() if at >= since)

    def lateness(self, share: float) -> float | None:
        """Return the seconds that a share of those who heard were late at most."""
        return quantile(self.late, share) if self.late else None
