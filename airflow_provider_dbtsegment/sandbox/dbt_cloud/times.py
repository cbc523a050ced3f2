"""Times and durations as dbt Cloud writes them."""

from datetime import datetime, timedelta

UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def text(at: datetime | None) -> str | None:
    """Write ``2026-02-01 10:11:12.123456+00:00``."""
    return None if at is None else str(at)


def clock(length: timedelta) -> str:
    """Write a duration as ``HH:MM:SS``."""
    seconds = max(0, int(length.total_seconds()))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def humanized(length: timedelta) -> str:
    """Write a duration as people say it: ``2 minutes, 5 seconds``."""
    left = max(0, int(length.total_seconds()))
    parts = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return ", ".join(parts[:2]) or "0 seconds"
