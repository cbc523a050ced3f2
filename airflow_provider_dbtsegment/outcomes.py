"""How a run or a sync can end, and how long it took."""

from __future__ import annotations

from datetime import datetime
from enum import Enum


class Outcome(str, Enum):
    """The end of a dbt Cloud run or of a Reverse ETL sync; `None` stands for "still going on"."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


def seconds_between(began: object, ended: object) -> float | None:
    """Return the seconds between two times as the services write them, if they can be read."""
    try:
        times = [datetime.fromisoformat(str(at).replace("Z", "+00:00")) for at in (began, ended)]
        return round((times[1] - times[0]).total_seconds(), 3)
    except (TypeError, ValueError):
        return None
