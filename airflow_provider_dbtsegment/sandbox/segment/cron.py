"""Cron expressions: which of them name times that are far enough apart."""

from __future__ import annotations

import re
from itertools import pairwise

QUARTER = 15
_ANY = re.compile(r"[*?]")
_BORDERS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_WORDS = {
    "month": ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    "weekday": ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
}


class _CronError(Exception):
    """A field is not written as cron wants it."""


def is_calm_cron(text: str) -> bool:
    """Say whether it is a cron expression, and never fires twice within a quarter of an hour."""
    written = text.upper().split()
    if len(written) != len(_BORDERS):
        return False
    try:
        fields = {name: _read(name, one) for name, one in zip(_BORDERS, written, strict=True)}
    except _CronError:
        return False
    times = sorted(60 * hour + minute for hour in fields["hour"] for minute in fields["minute"])
    is_daily = len(fields["day"]) == 31 and fields["weekday"] >= set(range(1, 7))
    if is_daily and fields["weekday"] & {0, 7}:
        times.append(24 * 60 + times[0])  # midnight is no border then
    return all(later - sooner >= QUARTER for sooner, later in pairwise(times))


def _read(name: str, written: str) -> set[int]:
    """Return the numbers that a field stands for.

    :raises _CronError: when it is not written as cron wants it.
    """
    numbers: set[int] = set()
    for part in written.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        low, high = _BORDERS[name]
        if _ANY.fullmatch(span) is None:
            # A step without an end goes on to the border.
            low, high = _number(name, first), high if slash and not dash else _number(name, first)
            if dash:
                high = _number(name, last)
        if low > high or (slash and not re.fullmatch("0*[1-9][0-9]{0,3}", step)):
            raise _CronError
        numbers.update(range(low, high + 1, int(step) if slash else 1))
    return numbers


def _number(name: str, text: str) -> int:
    low, high = _BORDERS[name]
    words = _WORDS.get(name, [])
    if text in words:
        return low + words.index(text)
    if not re.fullmatch("[0-9]{1,2}", text) or not low <= int(text) <= high:
        raise _CronError
    return int(text)
