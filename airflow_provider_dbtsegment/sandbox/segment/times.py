"""Points in time: seconds since 1970 inside, ISO 8601 outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

Clock = Callable[[], float]


def iso(seconds: float) -> str:
    """Spell a time as the API does: UTC, milliseconds, a Z at the end."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
