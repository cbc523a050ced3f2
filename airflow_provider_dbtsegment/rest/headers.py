"""What headers say of times; services and those between us write them in many ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def window(headers: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the requests left in the service's window and the seconds until it counts anew."""
    reset = http_date(headers.get("X-RateLimit-Reset"))
    try:
        remaining = float(headers.get("X-RateLimit-Remaining", ""))
    except ValueError:
        return None
    if reset is None or not math.isfinite(remaining):
        return None
    now = http_date(headers.get("Date")) or datetime.now(timezone.utc)
    return max(0.0, remaining), max(0.0, (reset - now).total_seconds())


def http_date(text: str | None) -> datetime | None:
    """Return the time that an RFC 5322 date means, in UTC."""
    try:
        found = parsedate_to_datetime(text or "")
        return found.replace(tzinfo=found.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None


def seconds_in(text: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, which holds a number or a date."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        date = http_date(text)
        seconds = math.nan if date is None else (date - datetime.now(timezone.utc)).total_seconds()
    return some_seconds(seconds)


def some_seconds(seconds: float | None) -> float | None:
    """Return seconds from 0 on that somebody can wait for."""
    return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None
