"""Rows about cancelling: only what an attempt still owns, and only where a person wants it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.chaos.row import DBT_CLOUD, DEFERRED, SEGMENT, SYNCHRONOUS, Kill, Row
from tests.chaos.versions import without_store

SERVICES = (DBT_CLOUD, SEGMENT)
MODES = (SYNCHRONOUS, DEFERRED)
ON_KILL = {"cancel_on_kill": True}
#: Below 3.3 no trigger hears of a person who ends its task, so nothing is cancelled.
UNHEARD = {"<3.3": {"ends": ("going on",)}}


def rows() -> list[Row]:
    """Return the rows."""
    return [*_frozen(), *_away(), *_persons(), *_by_itself(), *_terminated(), *_without_slots()]


def _frozen() -> Iterator[Row]:
    """Yield rows in which an attempt that was taken for dead goes on."""
    fault = "task and worker stand still until the next attempt has adopted"
    for service in SERVICES:
        more: dict[str, Any] = {
            "act": "thaw when adopted",
            "hold": 10.0,
            # What was stopped, and its worker's end, may cost the next attempts theirs.
            "retries": 4,
            "options": ON_KILL,
            "idle": True,
        }
        waiting = Kill("while waiting", worker=True, freeze=True)
        row = Row(fault, "while waiting", service, SYNCHRONOUS, work="longer", kill=waiting, **more)
        yield row
        yield without_store(row)
        deferring = Kill("stored, before deferring", worker=True, freeze=True)
        yield Row(fault, deferring.point, service, DEFERRED, work="long", kill=deferring, **more)
        yield Row(
            "triggerer stands still",
            "waiting",
            service,
            DEFERRED,
            work="longer",
            act="triggerer frozen",
            options=ON_KILL,
            hold=5.0,
        )


def _away() -> Iterator[Row]:
    for service in SERVICES:
        for mode in MODES:
            yield Row(
                "API server away for a minute",
                "waiting",
                service,
                mode,
                work="longer",
                act="API server away",
                retries=3,
                options=ON_KILL,
                hold=5.0,
                not_on={"<3": "tasks of Airflow 2 need no API server"},
            )


def _persons() -> Iterator[Row]:
    """Yield rows in which a person ends the task; Segment's syncs are cancelled as asked for."""
    for service in SERVICES:
        for mode in MODES:
            unheard = UNHEARD if mode == DEFERRED else {}
            row = Row(
                "a person marks it failed, then clears it",
                "waiting",
                service,
                mode,
                work="long",
                act="mark failed, clear",
                retries=0,
                options=ON_KILL,
                ends=("cancelled", "success"),
                on={"<3.3": {"ends": ("success",)}} if mode == DEFERRED else {},
            )
            yield row
            if mode == SYNCHRONOUS:
                yield replace(without_store(row), idle=True)
            yield Row(
                "a person marks it successful",
                "waiting",
                service,
                mode,
                work="endless",
                act="mark success",
                options=ON_KILL,
                ends=("cancelled",),
                on=unheard,
            )
        yield Row(
            "a person marks it failed: no result is left",
            "waiting",
            service,
            DEFERRED,
            work="endless",
            act="mark failed",
            options=ON_KILL,
            ends=("cancelled",),
            state="failed",
            absent=("return_value",),
            on=UNHEARD,
        )


def _by_itself() -> Iterator[Row]:
    for mode in MODES:
        row = Row(
            "dbt Cloud itself cancels the run",
            "waiting",
            DBT_CLOUD,
            mode,
            work="lasting",
            act="cancel by itself",
            ends=("cancelled", "success"),
        )
        yield row
        yield without_store(row)


def _terminated() -> Iterator[Row]:
    for service in SERVICES:
        for mode in MODES:
            row = Row(
                "SIGTERM to scheduler, workers and tasks",
                "waiting",
                service,
                mode,
                work="longer",
                act="scheduler terminated",
                options=ON_KILL,
                hold=5.0,
            )
            yield row
            if mode == SYNCHRONOUS:
                yield without_store(row)


def _without_slots() -> Iterator[Row]:
    for service in SERVICES:
        yield Row(
            "execution_timeout passes, and its pool has no slot",
            "waiting",
            service,
            DEFERRED,
            work="endless",
            shape="busy pool",
            retries=0,
            options={**ON_KILL, "execution_timeout": 20},
            ends=("cancelled",),
            state="failed",
            idle=True,
        )
