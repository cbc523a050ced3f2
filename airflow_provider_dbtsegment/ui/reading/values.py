"""
Read values that anybody may have written.

An XCom may be older than this package, or not ours at all: what is of another kind than expected
counts as missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

#: A text of an XCom is shown up to so many characters.
MAX_TEXT = 2000
#: What lasts longer, in seconds, or is more than so many, was not counted.
LONGEST, MOST = 366 * 86400.0, 10**15
#: The years in which something may have happened.
YEARS = (1970, 2200)


def plain(value: Any) -> Any:
    """Return what an XCom holds as JSON; nothing that it names is imported."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return _unwrapped(value) if isinstance(value, dict) and "__classname__" in value else value


def _unwrapped(value: dict[str, Any]) -> Any:
    """Return the data of a value that Airflow has serialised with its class."""
    return value.get("__data__")


def record(value: Any) -> Mapping[str, Any]:
    """Return a JSON object; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a JSON array; an empty one in the place of anything else."""
    value = plain(value) if isinstance(value, dict) else value
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a short text; an empty one in the place of anything but a text or a number."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    return "" if isinstance(value, bool) or not isinstance(value, (int, float)) else str(value)


def number(value: Any) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def whole(value: Any) -> int | None:
    """Return a whole number."""
    return value if type(value) is int else None


def count(value: Any) -> int:
    """Return a number of things; 0 in the place of anything else, also below 0."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    found = number(value)
    return int(found) if found is not None and 0 <= found <= MOST else 0


def seconds(value: Any) -> float | None:
    """Return a duration in seconds."""
    found = number(value)
    return found if found is not None and 0 <= found <= LONGEST else None


def moment(value: Any) -> datetime | None:
    """Return a point in time, in UTC, from ISO 8601; without an offset it is UTC."""
    if isinstance(value, datetime):
        found = value
    else:
        if not isinstance(value, str) or len(value) > 40:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            try:
                found = datetime.fromisoformat(_cleaned(value))
            except ValueError:
                return None
    try:
        aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        in_utc = aware.astimezone(timezone.utc)
    except (OverflowError, ValueError):
        return None
    return in_utc if YEARS[0] <= in_utc.year <= YEARS[1] else None


def _cleaned(time: str) -> str:
    """Return a time without what Python 3.10 reads not: a Z, fractions of other than six digits."""
    head, dot, tail = time.strip().replace("Z", "+00:00").replace(" UTC", "+00:00").partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}" if dot else head


def address(value: Any) -> str:
    """Return an address that a link may lead to: http or https, and without a user's name."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    is_good = parts.scheme in ("http", "https") and parts.netloc and "@" not in parts.netloc
    return value if is_good else ""
