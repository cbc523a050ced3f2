"""How a run or a sync can end, and how long it took."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from functools import lru_cache
from typing import Any

from airflow_provider_dbtsegment.exceptions import RunFailedError

_FRACTION = re.compile(r"\.[0-9]+")


class Outcome(str, Enum):
    """The end of a dbt Cloud run or of a Reverse ETL sync; `None` stands for "still going on"."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


#: How a sync has ended, by Segment's word for its status in capitals; other words end none.
SYNC_OUTCOMES = {
    "SUCCESS": Outcome.SUCCESS,
    "PARTIAL_SUCCESS": Outcome.PARTIAL,
    "FAIL": Outcome.FAILED,
    "FAILED": Outcome.FAILED,
    "CANCELED": Outcome.CANCELLED,
    "CANCELLED": Outcome.CANCELLED,
}


@dataclass(frozen=True)
class NodeStatus:
    """
    What dbt says of a node at the end of an invocation.

    :param word: As dbt writes it.
    :param tone: The color that stands for it: ``failed``, ``other``, ``warning``, ``skipped`` or
        ``success``.
    :param ran: Whether the node was run in this invocation, so that its time says how long it
        takes.
    """

    word: str
    tone: str
    ran: bool = True

    @property
    def is_failure(self) -> bool:
        """Whether it makes the invocation fail."""
        return self.tone == "failed"

    @property
    def severity(self) -> int:
        """Its place where the worst comes first; what is not known may be bad."""
        return _SEVERITIES.index(self.tone)


_SEVERITIES = ("failed", "other", "warning", "skipped", "success")
_NODE_STATUSES = {
    re.sub("[ _-]", "", status.word): status
    for status in (
        NodeStatus("error", "failed"),
        NodeStatus("fail", "failed"),
        # Of a source whose freshness could not be read.
        NodeStatus("runtime error", "failed"),
        # Of a microbatch model of which some batches failed.
        NodeStatus("partial success", "failed"),
        NodeStatus("warn", "warning"),
        NodeStatus("skipped", "skipped", ran=False),
        NodeStatus("success", "success"),
        NodeStatus("pass", "success"),
        NodeStatus("created", "success"),
        # Of what has nothing to run, such as an exposure or a model with an empty batch.
        NodeStatus("no-op", "success", ran=False),
        # Of what had not changed since an earlier invocation.
        NodeStatus("reused", "success", ran=False),
    )
}


@lru_cache(maxsize=1024)
def node_status(text: str) -> NodeStatus:
    """Return what the status of a dbt node means, also of one that is not known yet."""
    known = _NODE_STATUSES.get(re.sub(r"[\s_-]", "", text.lower()))
    return NodeStatus(text, "other") if known is None else known


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
    text = str(time).replace("Z", "+00:00")
    try:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            # Python below 3.11 reads fractions of three or six digits alone.
            at = datetime.fromisoformat(_FRACTION.sub(_six_digits, text, count=1))
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def seconds_between(began: object, ended: object) -> float | None:
    """Return the seconds between two times as the services write them, if they can be read."""
    times = seconds_of(began), seconds_of(ended)
    return None if times[0] is None or times[1] is None else round(times[1] - times[0], 3)


def iso_time(time: object) -> str | None:
    """Return a time as the services write it, or in seconds since the epoch, in UTC by ISO 8601."""
    try:
        seconds = time if isinstance(time, float) else seconds_of(time)
        at = None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return None if at is None else at.isoformat()


def _six_digits(fraction: re.Match[str]) -> str:
    return fraction[0][:7].ljust(7, "0")
