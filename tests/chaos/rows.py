"""The table: every fault, at every point, in every mode in which it can happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.chaos import rows_of_cancelling, rows_of_starting, rows_of_waiting
from tests.chaos.faults import Trouble, at_start, in_bulk, while_waiting
from tests.chaos.row import (
    COMMUNITY,
    DBT_CLOUD,
    DEFERRED,
    DEFERRED_SENSOR,
    OURS,
    SEGMENT,
    SENSORS,
    SYNCHRONOUS,
    Kill,
    Row,
)
from tests.chaos.versions import without_store

SERVICES = (DBT_CLOUD, SEGMENT)
MODES = (SYNCHRONOUS, DEFERRED)
#: Below 3.3 no trigger hears of a person who ends its task, so nothing is cancelled.
UNHEARD = {"<3.3": {"ends": ("going on",)}}


def all_rows() -> list[Row]:
    """Return the whole table."""
    rows = [
        *_starts(),
        *_waits(),
        *_bulk(),
        *_sensors(),
        *_kills(),
        *_persons(),
        *_power(),
        *rows_of_starting.rows(),
        *rows_of_cancelling.rows(),
        *rows_of_waiting.rows(),
    ]
    names = [row.name for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"Two rows have the same name: {', '.join(sorted(twice))}")
    return rows


def community_rows(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that can be asked of the community's operator: it knows dbt Cloud only."""
    return [
        replace(row, provider=COMMUNITY)
        for row in rows
        if row.service == DBT_CLOUD
        and row.provider == OURS
        and row.remembers
        and not row.is_sensor
        and row.tasks == 1
        and not row.options
        and row.shape == "one task"
        and not (row.proxy or row.edit or row.skew or row.twice or row.elsewhere)
    ]


def _row(trouble: Trouble, point: str, service: str, mode: str, **more: Any) -> Row:
    return Row(
        trouble.name, point, service, mode, faults=trouble.faults, **{**more, **trouble.more}
    )


def _starts() -> list[Row]:
    return [
        _row(trouble, "starting", service, mode)
        for service in SERVICES
        for mode in MODES
        for trouble in at_start(service)
    ]


def _waits() -> list[Row]:
    # The first look at a deferred sync is at the list of its mapping: it is to go on after that.
    return [
        _row(trouble, "waiting", service, mode, work=work)
        for service in SERVICES
        for mode in MODES
        for work in ("long" if (service, mode) == (SEGMENT, DEFERRED) else "lasting",)
        for trouble in while_waiting(service)
    ]


def _bulk() -> list[Row]:
    # Runs of one job go on one after the other; waits that fall due together stay together.
    many: dict[str, Any] = {"work": "lasting", "tasks": 4, "ends": ("success",) * 4}
    return [_row(trouble, "waiting", DBT_CLOUD, DEFERRED, **many) for trouble in in_bulk()]


def _sensors() -> list[Row]:
    wanted = ("500 three times", "404 for its first seconds", "no JSON, three times")
    return [
        _row(trouble, "waiting", service, mode, work="long")
        for service in SERVICES
        for mode in SENSORS
        for trouble in while_waiting(service)
        if trouble.name in wanted
    ]


def _kills() -> list[Row]:
    rows = []
    for service in SERVICES:
        for mode in MODES:
            points = [
                "before the request",
                "processed, before the answer is read",
                "answered, before anything is stored",
                "ended, before Airflow hears of it",
                *(
                    ["while waiting"]
                    if mode == SYNCHRONOUS
                    else ["stored, before deferring", "after the event, before it is read"]
                ),
            ]
            for point in points:
                base = Row("task killed", point, service, mode, work="lasting", kill=Kill(point))
                # Without a record, a later attempt waits until no earlier request can be held.
                rows += [base, replace(without_store(base), idle=True)]
            last = "while waiting" if mode == SYNCHRONOUS else "stored, before deferring"
            for point in ("processed, before the answer is read", last):
                kill = Kill(point, worker=True)
                base = Row("worker killed", point, service, mode, work="lasting", kill=kill)
                rows += [base, replace(without_store(base), idle=True)]
    return rows


def _persons() -> list[Row]:
    rows = []
    for mode in MODES:
        point = "waiting"
        unheard = UNHEARD if mode == DEFERRED else {}
        rows += [
            Row(
                "a person marks it failed",
                point,
                DBT_CLOUD,
                mode,
                work="endless",
                act="mark failed",
                ends=("cancelled",),
                state="failed",
                on=unheard,
            ),
            Row(
                "a person marks it failed",
                point,
                SEGMENT,
                mode,
                work="lasting",
                act="mark failed",
                state="failed",
            ),
            Row(
                "a person marks it failed, cancel_on_kill",
                point,
                SEGMENT,
                mode,
                work="endless",
                act="mark failed",
                options={"cancel_on_kill": True},
                ends=("cancelled",),
                state="failed",
                on=unheard,
            ),
            Row(
                "a person clears it",
                point,
                DBT_CLOUD,
                mode,
                work="long",
                act="clear",
                ends=("cancelled", "success"),
                # The next try may be quicker than the triggerer, and takes the run over.
                or_ends=("success",),
            ),
            Row("a person clears it", point, SEGMENT, mode, work="long", act="clear"),
            *(
                Row(
                    "a person clears it when it is done",
                    "ended",
                    service,
                    mode,
                    work="lasting",
                    act="clear when done",
                    # What the ledger still knows of the first life is not taken for the second.
                    ends=("success", "success"),
                )
                for service in SERVICES
            ),
            *(
                Row(
                    "a person cancels the run",
                    point,
                    service,
                    mode,
                    work="endless",
                    act="cancel",
                    ends=("cancelled",),
                    state="failed",
                )
                for service in SERVICES
            ),
        ]
    rows.append(
        Row(
            "the run fails, retry_from_failure",
            "waiting",
            DBT_CLOUD,
            DEFERRED,
            work="broken",
            retries=1,
            options={"retry_from_failure": True},
            ends=("failed", "failed"),
            state="failed",
        )
    )
    return rows


def _power() -> list[Row]:
    acts = ("triggerer killed", "triggerer stopped", "both triggerers killed", "scheduler killed")
    dying = "as the event is sent"
    return [
        *(
            Row(act, "waiting", service, mode, work="long", act=act)
            for act in acts
            for service in SERVICES
            for mode in (MODES if act == "scheduler killed" else (DEFERRED,))
        ),
        *(
            Row("triggerer killed", "waiting", service, DEFERRED_SENSOR, work="long", act=acts[0])
            for service in SERVICES
        ),
        *(
            Row(
                "triggerer killed",
                point,
                service,
                DEFERRED,
                work="lasting",
                act="triggerer dies",
                kill=Kill(dying),
                options=options,
            )
            for service in SERVICES
            for point, options in (
                (dying, {}),
                ("as the event for a worker is sent", {"end_in_triggerer": False}),
            )
        ),
    ]
