"""
When Segment syncs a model by itself: five strategies, and what each must be told.

https://docs.segmentapis.com/tag/Reverse-ETL
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, get_args
from zoneinfo import ZoneInfo

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.segment.cron import wanted_of_cron

#: Never, every so often, at hours of the week, by a cron expression, or after a dbt Cloud job.
ScheduleStrategy = Literal["MANUAL", "PERIODIC", "SPECIFIC_DAYS", "CRON", "DBT_CLOUD"]


class ManualSchedule(TypedDict):
    """``MANUAL``: only when somebody asks for it. There is nothing to tell."""


class PeriodicSchedule(TypedDict):
    """
    ``PERIODIC``: every so often.

    ``interval`` is a duration as Go writes it, such as ``1h30m``, of 10 minutes to a week.
    """

    interval: str


class SpecificDaysSchedule(TypedDict):
    """
    ``SPECIFIC_DAYS``: at hours of days of the week.

    ``days`` count from 0, a Sunday, to 6; ``hours`` from 0 to 23; ``timezone`` is an IANA name.
    """

    days: list[int]
    hours: list[int]
    timezone: str


class CronSchedule(TypedDict):
    """
    ``CRON``: by an expression.

    ``spec`` has five fields, and at least 15 minutes between two syncs; ``timezone`` is an IANA
    name.
    """

    spec: str
    timezone: str


class DbtCloudSchedule(TypedDict):
    """``DBT_CLOUD``: after every run of a job of dbt Cloud. Both ids are texts."""

    jobId: str
    accountId: str


ScheduleConfig = (
    ManualSchedule | PeriodicSchedule | SpecificDaysSchedule | CronSchedule | DbtCloudSchedule
)

#: Says what a value must be, if it is not.
Rule = Callable[[Any], str | None]

_PIECE = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_SHORTEST, _LONGEST = 10 * 60, 7 * 24 * 3600
_CRON_MINUTES = 15


def check_schedule(strategy: ScheduleStrategy | None, config: ScheduleConfig | None) -> None:
    """
    Check that a strategy is told what it needs, and nothing else.

    :raises ConfigurationError: When it is not.
    """
    if strategy is None:
        if config is not None:
            raise ConfigurationError(
                "schedule_config is given without a schedule_strategy. Give both: what the one "
                "must hold depends on the other."
            )
        return
    strategies = get_args(ScheduleStrategy)
    if strategy not in strategies:
        known = ", ".join(strategies)
        raise ConfigurationError(f"The schedule_strategy {strategy!r} is not known; use {known}.")
    fields: Mapping[str, Rule] = _FIELDS[strategy]
    given: Any = {} if config is None else config
    needs = f"needs {' and '.join(fields)}" if fields else "takes nothing"
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"schedule_config is {given!r}; it must be a dict. The strategy {strategy} {needs}."
        )
    for name in fields:
        if name not in given:
            raise ConfigurationError(
                f"schedule_config has no {name}. The strategy {strategy} {needs}."
            )
    for name in given:
        if name not in fields:
            raise ConfigurationError(
                f"schedule_config has {name!r}. The strategy {strategy} {needs}; leave it out."
            )
    for name, rule in fields.items():
        wanted = rule(given[name])
        if wanted is not None:
            raise ConfigurationError(
                f"The {name} of schedule_config is {given[name]!r}; use {wanted}."
            )


def _interval(value: Any) -> str | None:
    """Say what an interval must be, if this is none. The borders are left to Segment to refuse."""
    pieces = _PIECE.findall(value) if isinstance(value, str) else []
    whole = "".join(number + unit for number, unit in pieces)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in pieces)
    if pieces and whole == value and _SHORTEST <= seconds <= _LONGEST:
        return None
    return "a duration from '10m' to '168h', such as '1h30m'"


def _numbers(largest: int) -> Rule:
    def check(value: Any) -> str | None:
        allowed = range(largest + 1)
        fits = (
            isinstance(value, (list, tuple))
            and 0 < len(value) <= len(allowed)
            and all(type(number) is int and number in allowed for number in value)
        )
        return None if fits else f"a list of whole numbers from 0 to {largest}"

    return check


def _timezone(value: Any) -> str | None:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, TypeError, ValueError, AttributeError):
        return "the name of a time zone, such as 'UTC' or 'America/Los_Angeles'"
    return None


def _cron(value: Any) -> str | None:
    return wanted_of_cron(value if isinstance(value, str) else "", _CRON_MINUTES)


def _id(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "the id, as a text such as '4711'"


_FIELDS: Mapping[str, Mapping[str, Rule]] = {
    "MANUAL": {},
    "PERIODIC": {"interval": _interval},
    "SPECIFIC_DAYS": {"days": _numbers(6), "hours": _numbers(23), "timezone": _timezone},
    "CRON": {"spec": _cron, "timezone": _timezone},
    "DBT_CLOUD": {"jobId": _id, "accountId": _id},
}
