"""Cron expressions of five fields, as far as they can be judged without a calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class _Field(NamedTuple):
    """A field: the numbers that it may hold, and the names of the first ones."""

    name: str
    least: int
    most: int
    names: Sequence[str] = ()


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(?:[*?]|([a-z]{3}|[0-9]{1,2})(?:-([a-z]{3}|[0-9]{1,2}))?)(?:/([0-9]{1,4}))?")
_DAY = 24 * 60


def wanted_of_cron(text: str, shortest: int) -> str | None:
    """
    Say what a cron expression must be, if this is none.

    :param shortest: How many minutes must lie between two times that it names.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return "a cron expression of five fields, such as '0 5 * * 1-5'"
    numbers = []
    for field, written in zip(_FIELDS, fields, strict=True):
        found = _numbers(field, written.lower())
        if not found:
            named = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
            return f"a cron expression whose {field.name} is from {field.least} to {field.most}" + (
                f"{named}: numbers, lists, ranges, steps or *"
            )
        numbers.append(found)
    minutes, hours, days, _, weekdays = numbers
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    if len(days) == 31 and len({day % 7 for day in weekdays}) == 7:
        times.append(times[0] + _DAY)
    if any(later - sooner < shortest for sooner, later in pairwise(times)):
        return f"a cron expression with at least {shortest} minutes between two syncs"
    return None


def _numbers(field: _Field, written: str) -> set[int]:
    """Return the numbers that a field names; none where it is wrong."""
    found: set[int] = set()
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return set()
        start, end, step = match.groups()
        first = field.least if start is None else _number(field, start)
        if end is not None:
            last = _number(field, end)
        else:
            last = field.most if start is None or step is not None else first
        every = 1 if step is None else int(step)
        if not field.least <= first <= last <= field.most or every == 0:
            return set()
        found.update(range(first, last + 1, every))
    return found


def _number(field: _Field, word: str) -> int:
    """Return what a number or a name stands for; -1 for a name that the field does not know."""
    if word.isdigit():
        return int(word)
    return field.least + field.names.index(word) if word in field.names else -1
