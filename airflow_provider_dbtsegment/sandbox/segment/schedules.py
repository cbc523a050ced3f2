"""What each strategy of a schedule must be told; nobody here acts on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from .cron import QUARTER, is_calm_cron


class ScheduleStrategy(str, Enum):
    """When Segment would start a model by itself; the sandbox only remembers it."""

    MANUAL = "MANUAL"
    PERIODIC = "PERIODIC"
    SPECIFIC_DAYS = "SPECIFIC_DAYS"
    CRON = "CRON"
    DBT_CLOUD = "DBT_CLOUD"

    @classmethod
    def values(cls) -> list[str]:
        """List the spellings."""
        return [member.value for member in cls]


class ScheduleError(Exception):
    """A schedule is not what its strategy asks for.

    :param key: which key of the schedule is wrong.
    """

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key
        self.problem = problem


_DURATION = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_TEN_MINUTES, _WEEK = 600, 604_800


def check_schedule(strategy: str, config: Mapping[str, Any]) -> None:
    """Hold a schedule against the rules of a strategy.

    :raises ScheduleError: with the first key that breaks them.
    """
    rules = _RULES[ScheduleStrategy(strategy)]
    for key, (fits, wanted) in rules.items():
        if key not in config:
            raise ScheduleError(key, f"is required when the strategy is {strategy}.")
        if not fits(config[key]):
            raise ScheduleError(key, f"must be {wanted}.")
    for key in config:
        if key not in rules:
            raise ScheduleError(key, f"is not supported when the strategy is {strategy}.")


def _is_interval(value: Any) -> bool:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return False
    pieces = re.findall(r"([\d.]+)(\D+)", value)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in pieces)
    return _TEN_MINUTES <= seconds <= _WEEK


def _are_numbers_below(end: int) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list)
        and 1 <= len(value) <= end
        and all(type(number) is int and 0 <= number < end for number in value)
    )


def _is_timezone(value: Any) -> bool:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, TypeError, ValueError, AttributeError):
        return False
    return True


def _is_calm_cron(value: Any) -> bool:
    return isinstance(value, str) and is_calm_cron(value)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


_Rule = tuple[Callable[[Any], bool], str]
_TIMEZONE: _Rule = (_is_timezone, "the IANA name of a time zone")
_ID: _Rule = (_is_id, "an id, as a string")
_RULES: Mapping[ScheduleStrategy, Mapping[str, _Rule]] = {
    ScheduleStrategy.MANUAL: {},
    ScheduleStrategy.PERIODIC: {
        "interval": (_is_interval, "a duration from 10m to 168h"),
    },
    ScheduleStrategy.SPECIFIC_DAYS: {
        "days": (_are_numbers_below(7), "a list of 1 to 7 numbers from 0 to 6"),
        "hours": (_are_numbers_below(24), "a list of 1 to 24 numbers from 0 to 23"),
        "timezone": _TIMEZONE,
    },
    ScheduleStrategy.CRON: {
        "spec": (_is_calm_cron, f"a cron expression of 5 fields, {QUARTER} minutes apart at least"),
        "timezone": _TIMEZONE,
    },
    ScheduleStrategy.DBT_CLOUD: {"jobId": _ID, "accountId": _ID},
}
