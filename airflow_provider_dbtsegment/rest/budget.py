"""Requests a minute, shared by everybody in this process who uses the same token."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

#: Seconds; the services count requests by the minute.
LONGEST_PAUSE = 300.0
#: What may be sent at once: a part of the limit, or a few requests of a low limit.
BURST = 0.04
SMALL_BURST = 5.0
#: A refusal leaves half of the pace, down to a twentieth; each minute gives a tenth back.
CUT = 0.5
LEAST = 0.05
RECOVERY = 0.1


class Budget:
    """
    A token bucket that keeps any 60 seconds within a limit, and corrects itself.

    A part of the limit may be spent at once and the rest flows in evenly, so that a burst that
    falls on the border of two of the service's windows stays within both. The service's own
    numbers go first, and when it refuses a request all the same, others use the same limit: then
    the pace is halved, and comes back slowly.

    :param per_minute: The service's limit, or the share of it that this process may use.
    :param share: Which part of what the service says is left this process may use.
    :param clock: Seconds, monotonic.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = max(1.0, per_minute * share)
        self._share = share
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = self._most
        self._level = self._burst
        self._at = clock()
        #: Until when a refusal tells nothing new: requests of before it are still under way.
        self._cut_until = -math.inf
        #: What the service says is left in its window: requests a second, and until when.
        self._left: tuple[float, float] = (math.inf, -math.inf)

    @property
    def _burst(self) -> float:
        return max(1.0, self._limit * BURST, min(SMALL_BURST, self._limit / 4))

    @property
    def per_minute(self) -> float:
        """What it allows now."""
        with self._lock:
            self._flow()
            return self._limit

    def reserve(self, patience: float = math.inf) -> float:
        """
        Take one request out of the budget and return the seconds to wait before sending it.

        :param patience: If it would be more seconds than this, nothing is taken.
        """
        with self._lock:
            seconds = self._wait()
            if seconds <= patience:
                self._level -= 1
            return seconds

    def free_in(self) -> float:
        """Return the seconds until a request may be sent, and take nothing."""
        with self._lock:
            return self._wait()

    def refused(self, seconds: float) -> None:
        """Take note that a request was one too many, and when to come again."""
        with self._lock:
            self._flow()
            now = self._clock()
            if now >= self._cut_until:
                self._limit = max(self._limit * CUT, self._most * LEAST, 1.0)
            self._cut_until = now + max(1.0, min(seconds, LONGEST_PAUSE))
            self._pause(seconds)

    def told(self, remaining: float, resets_in: float) -> None:
        """
        Take note of what the service says is left in its window.

        :param remaining: Requests, for all who share the limit.
        :param resets_in: Seconds until it counts anew.
        """
        with self._lock:
            self._flow()
            remaining, resets_in = remaining * self._share, min(resets_in, LONGEST_PAUSE)
            if remaining < 1:
                self._pause(resets_in)
            elif resets_in > 0:
                self._left = (remaining / resets_in, self._clock() + resets_in)
                self._level = min(self._level, remaining)

    def _pause(self, seconds: float) -> None:
        # However long it is said to be, a request finds out now and then whether that still holds.
        self._at = max(self._at, self._clock() + min(seconds, LONGEST_PAUSE))
        self._level = min(self._level, 0.0)

    def _rate(self, now: float) -> float:
        """Return the requests that flow in a second."""
        pace, until = self._left
        even = max(self._limit - self._burst, 1.0) / 60
        return min(even, pace) if now < until else even

    def _flow(self) -> None:
        now = self._clock()
        passed = now - self._at
        if passed > 0:
            self._limit = min(self._most, self._limit + self._most * RECOVERY * passed / 60)
            self._level = min(self._burst, self._level + passed * self._rate(now))
            self._at = now

    def _wait(self) -> float:
        self._flow()
        now = self._clock()
        return max(0.0, max(0.0, self._at - now) + max(0.0, (1 - self._level) / self._rate(now)))


_budgets: dict[tuple[str, str, str], Budget] = {}
_budgets_lock = threading.Lock()


def shared_budget(
    url: str, token_digest: str, endpoint: str, per_minute: float, share: float = 1.0
) -> Budget:
    """Return this process's budget for one endpoint of one host with one token."""
    key = (url, token_digest, endpoint)
    with _budgets_lock:
        if key not in _budgets:
            _budgets[key] = Budget(per_minute, share=share)
        return _budgets[key]
