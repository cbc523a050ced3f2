"""What a run of dbt Cloud and a sync of Segment have in common when they have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .values import address, moment, seconds, text


@dataclass(frozen=True)
class Ended:
    """Which one it is, how it ended, and when; what is not told is empty or `None`."""

    id: str
    url: str
    status: str
    seconds: float | None
    started: datetime | None
    finished: datetime | None


def how_it_ended(summary: Mapping[str, Any], name: str) -> dict[str, Any]:
    """
    Return the fields of `Ended` from a summary.

    :param name: What its id and its address are called after: ``run`` or ``sync``.
    """
    return {
        "id": text(summary.get(f"{name}_id")),
        "url": address(summary.get(f"{name}_url")),
        "status": text(summary.get("status")),
        "seconds": seconds(summary.get("duration")),
        "started": moment(summary.get("started_at")),
        "finished": moment(summary.get("finished_at")),
    }
