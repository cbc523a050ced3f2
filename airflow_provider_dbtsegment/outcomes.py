"""How a run or a sync can end, and how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from airflow_provider_dbtsegment.exceptions import RunFailedError


class Outcome(str, Enum):
    """The end of a dbt Cloud run or of a Reverse ETL sync; `None` stands for "still going on"."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class End:
    """
    What a task makes of an end, wherever it makes it: in a worker or in the triggerer.

    :param result: What the task returns if it succeeds.
    :param xcoms: What it leaves behind, by key.
    :param failure: Why it fails, if it does.
    """

    result: Any
    xcoms: Mapping[str, Any]
    failure: RunFailedError | None = None


def seconds_of(time: object) -> float | None:
    """Return the seconds since the epoch of a time as the services write it, if it can be read."""
    try:
        at = datetime.fromisoformat(str(time).replace("Z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def seconds_between(began: object, ended: object) -> float | None:
    """Return the seconds between two times as the services write them, if they can be read."""
    times = seconds_of(began), seconds_of(ended)
    return None if times[0] is None or times[1] is None else round(times[1] - times[0], 3)
