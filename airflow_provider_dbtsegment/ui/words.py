"""Numbers, durations and times in words; the same everywhere on the pages."""

from __future__ import annotations

from datetime import datetime

from airflow_provider_dbtsegment import texts

#: What stands where nothing is known.
NONE = "\u2013"


def duration(seconds: float | None) -> str:
    """Return a length of time as the tasks' logs say it."""
    return texts.duration(seconds) or NONE


def age(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def rough(seconds: float) -> str:
    """Return about how long something takes, in one unit."""
    unit = next((size for size in (86400, 3600, 60) if seconds >= 1.95 * size), 1)
    return age(max(round(seconds / unit), 0) * unit)


def grouped(number: float | None) -> str:
    """Return a whole number with thin spaces between its thousands."""
    return NONE if number is None else f"{int(number):,}".replace(",", "\u202f")


def share(part: float, whole: float) -> str:
    """Return a part in percent; what is not all is never called 100 %, nor what is some 0 %."""
    if not whole:
        return NONE
    percent = 100 * part / whole
    if percent in (0, 100) or 1 <= percent <= 99:
        return f"{percent:.0f} %"
    return "< 1 %" if percent < 1 else "> 99 %"


def clock(moment: datetime | None) -> str:
    """Return a point in time in UTC; the page turns it into the time zone chosen in Airflow."""
    return NONE if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def many(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 row`` or ``2 rows``."""
    return f"{grouped(number)} {noun if number == 1 else plural or noun + 's'}"
