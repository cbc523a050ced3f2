"""Count requests in fixed windows of a minute."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from .errors import ApiError
from .times import Clock

WINDOW_SECONDS = 60.0
_PURGE_ABOVE = 1000

Key = tuple[str, str]


@dataclass(frozen=True)
class Usage:
    """Where one caller stands with one endpoint after a request."""

    limit: int
    consumed: int
    ends_at: float
    now: float

    @property
    def remaining(self) -> int:
        """Requests that the window still admits."""
        return max(0, self.limit - self.consumed)

    def headers(self) -> Mapping[str, str]:
        """Return the headers that every answer carries."""
        return {
            "X-RateLimit-Consumed": str(self.consumed),
            "X-RateLimit-Remaining": str(self.remaining),
            # The date has whole seconds; rounding up keeps it from naming a moment too early.
            "X-RateLimit-Reset": formatdate(math.ceil(self.ends_at), usegmt=True),
        }

    def check(self) -> None:
        """Raise the 429 when the request was one too many."""
        if self.consumed <= self.limit:
            return
        wait = self.ends_at - self.now
        raise ApiError(
            429,
            "too-many-requests",
            f"This endpoint admits {self.limit} requests a minute; wait for the next window.",
            data={
                "remainingPoints": 0,
                "msBeforeNext": math.ceil(wait * 1000),
                "consumedPoints": self.consumed,
            },
            headers={"Retry-After": str(max(1, math.ceil(wait)))},
        )


class RateLimiter:
    """Counts by token and endpoint; a window opens with its first request.

    :param clock: what time it is for those who read answers.
    :param pace: what time it is for the windows, which last however the clock is moved.
    """

    def __init__(self, clock: Clock, pace: Clock) -> None:
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._windows: dict[Key, tuple[float, int]] = {}

    def consume(self, token: str, endpoint: str, limit: int) -> Usage:
        """Count one request, also one too many."""
        key = (token, endpoint)
        with self._lock:
            now = self._pace()
            self._purge(now)
            ends_at, consumed = self._windows.get(key, (0.0, 0))
            if ends_at <= now:
                ends_at, consumed = now + WINDOW_SECONDS, 0
            self._windows[key] = (ends_at, consumed + 1)
        shown = self._clock()
        return Usage(limit, consumed + 1, ends_at=shown + ends_at - now, now=shown)

    def _purge(self, now: float) -> None:
        if len(self._windows) > _PURGE_ABOVE:
            self._windows = {key: value for key, value in self._windows.items() if value[0] > now}
