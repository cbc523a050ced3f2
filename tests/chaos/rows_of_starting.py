"""Rows about starting exactly once: proxies, edits, deployments, clocks, records, rate limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_dbtsegment.sandbox.testing import Fault
from tests.chaos.acts import GARBAGE
from tests.chaos.faults import LOOK, START
from tests.chaos.row import DBT_CLOUD, DEFERRED, SEGMENT, SYNCHRONOUS, Kill, Row
from tests.chaos.versions import without_store
from tests.chaos.works import JOBS, MANY, MODELS

SERVICES = (DBT_CLOUD, SEGMENT)
MODES = (SYNCHRONOUS, DEFERRED)
WAITING = Kill("while waiting")
PROCESSED = Kill("processed, before the answer is read")
UNREPORTED = Kill("ended, before Airflow hears of it")
TWICE = ("success", "success")
NO_STORE = {"<3.3": "Airflow has no task state store"}
LOST_CLEAR = {"2": "a heartbeat of a running task can undo that it was cleared"}
#: Seconds after which nobody holds a lost request any more; a list may hide its run for less.
HIDDEN = 150.0
#: For how long a list is stale that the next attempt reads, however long it takes to begin.
STALE = 45.0
#: Seconds by which the clocks of two workers differ.
APART = 240.0


def rows() -> list[Row]:
    """Return the rows."""
    return [
        *_proxies(),
        *_edits(),
        *_deployments(),
        *_retries(),
        *_late_requests(),
        *_clocks(),
        *_same_moment(),
        *_records(),
        *_limits(),
        *_hidden(),
    ]


def _proxies() -> Iterator[Row]:
    """Yield rows in which the connection ends after the request, behind a forward proxy."""
    for service in SERVICES:
        for scheme in ("http", "https"):
            for fault, action in (
                ("processed, then closed", "drop_after"),
                ("processed, then reset", "reset_after"),
                ("reset, not processed", "reset_before"),
            ):
                yield Row(
                    fault,
                    f"starting, {scheme} behind a proxy",
                    service,
                    SYNCHRONOUS,
                    faults=[Fault(START[service], action)],
                    proxy=scheme,
                )
        yield Row(
            "processed, then closed",
            "starting, https behind a proxy",
            service,
            DEFERRED,
            faults=[Fault(START[service], "drop_after")],
            proxy="https",
        )


def to_work(service: str, work: str) -> Mapping[str, Any]:
    """Return the arguments that name a job or a mapping."""
    if service == DBT_CLOUD:
        return {"job_id": JOBS[work]}
    return {"model_id": MODELS[work], "subscription_id": work}


def _edits() -> Iterator[Row]:
    """Yield rows in which a later attempt is to start something else than an earlier one."""
    for service in SERVICES:
        # What goes on for nothing is cancelled where that is the default.
        old = "cancelled" if service == DBT_CLOUD else "success"
        corrected: dict[str, Any] = {
            "work": "lasting",
            "edit": to_work(service, "quick"),
            "about": ("lasting", "quick"),
        }
        base = Row(
            "the DAG names something else",
            "between attempts, the earlier one goes on",
            service,
            SYNCHRONOUS,
            kill=WAITING,
            act="edit when killed",
            ends=(old, "success"),
            # What the other job has started is looked for by nobody then.
            without_store={"ends": TWICE},
            **corrected,
        )
        yield from _with_and_without_store(base)
        yield Row(
            "the DAG names something else",
            "between attempts, the earlier one has ended",
            service,
            SYNCHRONOUS,
            kill=UNREPORTED,
            act="edit when killed",
            retry_delay=3.0,
            ends=TWICE,
            **corrected,
        )
        for mode in MODES:
            yield Row(
                "the DAG names something else",
                "before a clear, the earlier one goes on",
                service,
                mode,
                act="edit and clear",
                ends=(old, "success"),
                or_ends=("going on", "success") if service == SEGMENT else None,
                on={"<3.3": {"ends": TWICE}} if mode == DEFERRED else {},
                not_on=LOST_CLEAR if mode == SYNCHRONOUS else {},
                **{**corrected, "work": "long", "about": ("long", "quick")},
            )
        name = "job_id" if service == DBT_CLOUD else "subscription_id"
        before, after = (
            (str(JOBS["lasting"]), str(JOBS["quick"]))
            if service == DBT_CLOUD
            else ("lasting", "quick")
        )
        yield Row(
            "a Variable names something else",
            "between attempts, the earlier one goes on",
            service,
            SYNCHRONOUS,
            kill=WAITING,
            retry_delay=3.0,
            act="change variable when killed",
            variable=before,
            options={name: "$VARIABLE"},
            ends=(old, "success"),
            without_store={"ends": TWICE},
            **{**corrected, "edit": {"variable": after}},
        )
        yield Row(
            "two operators in one task",
            "starting",
            service,
            SYNCHRONOUS,
            shape="two operators",
            retries=0,
            edit=to_work(service, "lasting"),
            ends=TWICE,
            about=("quick", "lasting"),
        )
        for fault, act, elsewhere in (
            ("the connection names the host differently", "rename host when killed", None),
            ("the connection leads to another account", "change host when killed", TWICE),
        ):
            yield Row(
                fault,
                "between attempts",
                service,
                SYNCHRONOUS,
                work="lasting",
                kill=WAITING,
                retry_delay=3.0,
                act=act,
                elsewhere=elsewhere,
            )
    yield Row(
        "two operators of one job in one task",
        "starting",
        DBT_CLOUD,
        SYNCHRONOUS,
        shape="two operators",
        retries=0,
        edit={"steps_override": ["dbt run --select people --full-refresh"]},
        ends=TWICE,
    )
    yield Row(
        "the DAG names something else, retry_from_failure",
        "between attempts, the earlier one has failed",
        DBT_CLOUD,
        SYNCHRONOUS,
        work="broken",
        retries=1,
        retry_delay=8.0,
        options={"retry_from_failure": True},
        act="edit between attempts",
        edit=to_work(DBT_CLOUD, "quick"),
        ends=("failed", "success"),
        about=("broken", "quick"),
    )
    yield Row(
        "the list that it is mapped over has changed",
        "before a clear, the earlier ones go on",
        DBT_CLOUD,
        DEFERRED,
        work="long",
        shape="mapped over a list",
        tasks=2,
        variable=f"[{JOBS['long']}, {JOBS['lasting']}]",
        edit={"variable": f"[{JOBS['quick']}, {JOBS['long']}, {JOBS['lasting']}]"},
        act="change list and clear",
        ends=("cancelled", "cancelled", "success", "success", "success"),
        or_ends=("cancelled", "success", "success", "success", "success"),
        about=("long", "lasting", "quick", "long", "lasting"),
        on={"<3.3": {"ends": ("success",) * 5}},
    )


def _deployments() -> Iterator[Row]:
    """Yield rows with a second Airflow that has the same DAG, and with forged markers."""
    for service in SERVICES:
        for mode in MODES:
            yield Row(
                "another deployment has the same DAG run",
                "starting",
                service,
                mode,
                work="long",
                act="another deployment",
                retries=0,
                ends=TWICE,
            )
    for mode in MODES:
        yield Row(
            "another deployment has the same DAG run and is killed",
            "waiting",
            DBT_CLOUD,
            mode,
            work="long",
            act="another deployment, killed",
            retries=0,
            ends=("cancelled", "success"),
            on={"<3.3": {"ends": TWICE}} if mode == DEFERRED else {},
        )
    forged = Row(
        "somebody has written what a marker could look like",
        "starting",
        DBT_CLOUD,
        SYNCHRONOUS,
        act="forge",
        ends=("success", "success", "success"),
    )
    yield forged
    yield replace(forged, mode=DEFERRED)
    killed = replace(forged, point="before the request", kill=Kill("before the request"))
    yield killed
    yield replace(without_store(killed), idle=True)


def _retries() -> Iterator[Row]:
    """Yield rows in which the number of retries is edited."""
    for service in SERVICES:
        lowered = Row(
            "retries are lowered from 3 to 1",
            "between attempts, the earlier one has ended",
            service,
            SYNCHRONOUS,
            retries=3,
            retry_delay=3.0,
            kill=UNREPORTED,
            act="edit when killed",
            edit={"retries": 1},
        )
        yield from _with_and_without_store(lowered)
        for mode in MODES:
            for before, after in ((1, 2), (3, 0)):
                yield Row(
                    f"retries are changed from {before} to {after}",
                    "before a clear, the earlier one has ended",
                    service,
                    mode,
                    retries=before,
                    act="edit and clear when done",
                    edit={"retries": after},
                    ends=TWICE,
                )
        yield Row(
            "retries are changed from 1 to 2",
            "before a clear, the earlier one has ended",
            service,
            SYNCHRONOUS,
            remembers=False,
            retries=1,
            act="edit and clear when done",
            edit={"retries": 2},
            ends=TWICE,
            # Nothing but `retries` tells a clear from a retry there.
            or_ends=("success",) if service == SEGMENT else None,
        )


def _late_requests() -> Iterator[Row]:
    """Yield rows in which the first attempt's request would leave minutes after its record."""
    for service in SERVICES:
        # What was stopped, and its worker's end, may cost the next attempts theirs.
        more: dict[str, Any] = {"idle": True, "patience": 420.0, "retries": 4}
        yield Row(
            "task and worker stand still until the next attempt has started",
            "after its first record",
            service,
            SYNCHRONOUS,
            kill=Kill("after its first record", worker=True, freeze=True),
            act="thaw when started",
            hold=15.0,
            not_on=NO_STORE,
            **more,
        )
        begins = Row(
            "task and worker stand still until the next attempt has started",
            "before it looks",
            service,
            SYNCHRONOUS,
            kill=Kill("as it begins", worker=True, freeze=True),
            act="thaw when started",
            hold=15.0,
            **more,
        )
        yield from _with_and_without_store(begins)
        yield Row(
            "429 for three minutes, while its worker stands still",
            "starting",
            service,
            SYNCHRONOUS,
            kill=Kill("after its first record", worker=True, task=False, freeze=True),
            faults=[
                Fault(
                    START[service],
                    "answer",
                    status=429,
                    headers={"Retry-After": "100"},
                    count=None,
                    lasting=170.0,
                )
            ],
            # Until the first attempt's third request would have been answered.
            hold=45.0,
            not_on=NO_STORE,
            **{**more, "patience": 600.0},
        )


def _clocks() -> Iterator[Row]:
    """Yield rows in which the clocks of two workers differ, and a list is stale."""
    for service in SERVICES:
        for name, skew in (("slow", -APART), ("fast", APART)):
            yield Row(
                f"task killed, its clock 4 minutes {name}, the list stale for {STALE:g} s",
                "processed, before the answer is read",
                service,
                SYNCHRONOUS,
                kill=PROCESSED,
                skew=skew,
                faults=[Fault(LOOK[service], "unborn", count=None, seconds=STALE)],
                idle=True,
            )


def _same_moment() -> Iterator[Row]:
    for service in SERVICES:
        yield Row(
            "two processes of one task instance",
            "looking at the same moment",
            service,
            SYNCHRONOUS,
            work="lasting",
            twice=True,
            not_on={"<3.3": "Airflow itself keeps two processes of one task instance apart"},
        )


def _records() -> Iterator[Row]:
    """Yield rows with records that cannot be read, that are gone, or that are of another life."""
    for service in SERVICES:
        # A sync carries no marker: the next attempt waits for it to end, and starts one.
        found = ("success",) if service == DBT_CLOUD else TWICE
        for kind in GARBAGE:
            yield Row(
                f"task killed, its records are garbage ({kind})",
                PROCESSED.point,
                service,
                SYNCHRONOUS,
                work="lasting",
                kill=PROCESSED,
                retry_delay=6.0,
                act=f"corrupt: {kind}",
                ends=found,
                or_ends=("success",),
                never="(Value|Type|Key|Attribute|Index)Error",
                not_on=NO_STORE,
            )
        yield Row(
            "task killed, its records have expired",
            PROCESSED.point,
            service,
            SYNCHRONOUS,
            work="lasting",
            kill=PROCESSED,
            retry_delay=6.0,
            act="forget when killed",
            ends=found,
            not_on=NO_STORE,
        )
        for mode in MODES:
            cleared = Row(
                "a person clears it, and Airflow forgets",
                "waiting",
                service,
                mode,
                work="long",
                act="clear and forget",
                ends=("cancelled", "success") if service == DBT_CLOUD else TWICE,
                or_ends=("success",) if service == DBT_CLOUD else None,
                not_on=NO_STORE,
            )
            yield cleared
            yield replace(
                cleared,
                point="ended",
                work="quick",
                act="clear and forget when done",
                ends=TWICE,
                or_ends=None,
            )
            yield Row(
                "the DAG run is deleted and created again",
                "waiting",
                service,
                mode,
                work="long",
                act="recreate",
                options={"cancel_on_kill": False},
                ends=TWICE,
            )
    truncated = Row(
        "task killed, the service cuts causes",
        PROCESSED.point,
        DBT_CLOUD,
        SYNCHRONOUS,
        work="lasting",
        kill=PROCESSED,
        options={"cause": "For the quarterly report that everybody waits for. " * 4},
        faults=[Fault(START[DBT_CLOUD], "truncate", count=None, length=100)],
    )
    yield truncated
    yield replace(without_store(truncated), idle=True)


def _limits() -> Iterator[Row]:
    """Yield rows in which a start has to wait for its turn; none has a retry to spare."""
    for mode in MODES:
        yield Row(
            "429 without Retry-After for 40 s",
            "starting",
            DBT_CLOUD,
            mode,
            retries=0,
            faults=[Fault(START[DBT_CLOUD], "answer", status=429, count=None, lasting=40.0)],
            idle=True,
            patience=420.0,
        )
    yield Row(
        "429 with Retry-After of 150 s",
        "starting",
        DBT_CLOUD,
        SYNCHRONOUS,
        retries=0,
        faults=[Fault(START[DBT_CLOUD], "answer", status=429, headers={"Retry-After": "150"})],
        idle=True,
        patience=420.0,
    )
    for service in SERVICES:
        again = {"Retry-After": "2"}
        yield Row(
            "429 with Retry-After, eight times",
            "starting",
            service,
            SYNCHRONOUS,
            retries=0,
            faults=[Fault(START[service], "answer", status=429, headers=again, count=8)],
            # Each refusal halves the pace, of Segment's 20 starts a minute down to one.
            patience=900.0 if service == SEGMENT else 300.0,
        )
    for mode in MODES:
        yield Row(
            "somebody's sync of the mapping goes on",
            "starting",
            SEGMENT,
            mode,
            work="lasting",
            retries=0,
            act="start before",
            ends=TWICE,
        )
    yield Row(
        f"{MANY} at once, 20 starts a minute",
        "starting",
        SEGMENT,
        DEFERRED,
        shape="many mappings",
        services="limited starts",
        tasks=MANY,
        retries=0,
        act="many at once",
        ends=("success",) * MANY,
        patience=900.0,
    )


def _hidden() -> Iterator[Row]:
    """Yield rows in which nothing shows for minutes what a request has started."""
    for service in SERVICES:
        hidden = Fault(LOOK[service], "unborn", count=None, seconds=HIDDEN)
        for mode in MODES:
            killed = Row(
                f"task killed, the list stale for {HIDDEN:g} s",
                PROCESSED.point,
                service,
                mode,
                kill=PROCESSED,
                faults=[hidden],
                idle=True,
                patience=420.0,
            )
            lost = Row(
                f"answer lost, the list stale for {HIDDEN:g} s",
                "starting",
                service,
                mode,
                faults=[Fault(START[service], "drop_after"), hidden],
                idle=True,
                patience=420.0,
            )
            for row in (killed, lost):
                yield row
                if mode == SYNCHRONOUS:
                    yield without_store(row)
        for mode in MODES:
            for fault, act, more in (
                ("a person clears it", "clear", {}),
                ("a person clears it when it is done", "clear when done", {"ends": TWICE}),
            ):
                yield Row(
                    fault,
                    "waiting" if act == "clear" else "ended",
                    service,
                    mode,
                    work="long" if act == "clear" else "lasting",
                    remembers=False,
                    act=act,
                    idle=True,
                    or_ends=("cancelled", "success")
                    if (act, service) == ("clear", DBT_CLOUD)
                    else None,
                    **more,
                )


def _with_and_without_store(row: Row) -> Iterator[Row]:
    yield row
    yield replace(without_store(row), idle=True)
