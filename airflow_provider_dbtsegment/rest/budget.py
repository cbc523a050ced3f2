"""Requests a minute, shared by everybody in this process who uses the same token."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

#: Seconds; the services count requests by the minute.
LONGEST_PAUSE = 300.0


class Budget:
    """
    A token bucket that keeps any 60 seconds within a limit.

    A quarter of the limit may be spent at once and the rest flows in evenly, so that a burst
    that falls on the border of two of the service's windows stays within both.

    :param per_minute: The service's limit.
    :param clock: Seconds, monotonic.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = max(1.0, per_minute / 4)
        self._rate = max(per_minute - self._burst, 1.0) / 60
        self._clock = clock
        self._lock = threading.Lock()
        self._level = self._burst
        self._at = clock()

    def reserve(self, patience: float = math.inf) -> float:
        """
        Take one request out of the budget and return the seconds to wait before sending it.

        :param patience: If it would be more seconds than this, nothing is taken.
        """
        with self._lock:
            now = self._clock()
            if now > self._at:
                self._level = min(self._burst, self._level + (now - self._at) * self._rate)
                self._at = now
            paused = self._at - now
            seconds = max(0.0, paused + max(0.0, (1 - self._level) / self._rate))
            if seconds <= patience:
                self._level -= 1
            return seconds

    def pause(self, seconds: float) -> None:
        """
        Send nothing for some seconds: the service said that its window is used up.

        However long it says, a request finds out now and then whether that still holds.
        """
        seconds = min(seconds, LONGEST_PAUSE)
        with self._lock:
            self._at = max(self._at, self._clock() + seconds)
            self._level = min(self._level, 0.0)


_budgets: dict[tuple[str, str, str], Budget] = {}
_budgets_lock = threading.Lock()


def shared_budget(url: str, token_digest: str, endpoint: str, per_minute: int) -> Budget:
    """Return this process's budget for one endpoint of one host with one token."""
    key = (url, token_digest, endpoint)
    with _budgets_lock:
        if key not in _budgets:
            _budgets[key] = Budget(per_minute)
        return _budgets[key]
