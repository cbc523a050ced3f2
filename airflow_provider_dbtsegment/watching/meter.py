"""What is measured of waiting."""

from __future__ import annotations

from typing import Any


class Meter:
    """Takes what is to be measured, and drops it."""

    def waits(self, count: int) -> None:
        """Take how many wait now."""

    def requested(self) -> None:
        """Take note of a request."""

    def throttled(self) -> None:
        """Take note of a request that had to wait for its place, or was refused as one too many."""

    def late(self) -> None:
        """Take note of a look that came later than it was due."""

    def told(self, seconds: float) -> None:
        """Take the seconds from an end, by the service's clock, to the moment it was told here."""


class StatsMeter(Meter):
    """
    Pass it on to Airflow's metrics.

    The names are ``dbtsegment.<service>.waits`` (a gauge), ``….requests``, ``….throttled`` and
    ``….late_polls`` (counters) and ``….end_to_event`` (a timing).

    :param stats: Airflow's `Stats`.
    :param service: The service in the names.
    """

    def __init__(self, stats: Any, service: str) -> None:
        self._stats = stats
        self._prefix = f"dbtsegment.{service}."

    def waits(self, count: int) -> None:
        self._stats.gauge(self._prefix + "waits", count)

    def requested(self) -> None:
        self._stats.incr(self._prefix + "requests")

    def throttled(self) -> None:
        self._stats.incr(self._prefix + "throttled")

    def late(self) -> None:
        self._stats.incr(self._prefix + "late_polls")

    def told(self, seconds: float) -> None:
        # Airflow takes milliseconds.
        self._stats.timing(self._prefix + "end_to_event", seconds * 1000)
