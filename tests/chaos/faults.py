"""What services do to requests, by the words that stand in the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.sandbox.faults import presets
from airflow_provider_dbtsegment.sandbox.testing import Fault
from tests.chaos.row import DBT_CLOUD, SEGMENT

#: Seconds that a request of a task may take (the connection's `read_timeout`).
READ_TIMEOUT = 3
START = {
    DBT_CLOUD: r"POST .*/jobs/\d+/(run|rerun)/|POST .*/runs/\d+/retry/",
    SEGMENT: r"POST /reverse-etl-syncs",
}
STATUS = {
    DBT_CLOUD: r"GET .*/runs/\d+/",
    SEGMENT: r"GET /reverse-etl-models/[^/]+/syncs/",
}
LOOK = {
    DBT_CLOUD: r"GET .*/runs/\?.*job_definition_id",
    SEGMENT: r"GET .*/subscriptionId/",
}
BULK = r"GET .*/runs/\?.*pk__in"
ALWAYS: Mapping[str, Any] = {"count": None}
#: The next attempt waits until nobody can hold the lost request any more.
PATIENT: Mapping[str, Any] = {"patience": 480.0}


class Trouble(NamedTuple):
    """Faults with a name, and what else is to be said of the row."""

    name: str
    faults: Sequence[Fault]
    more: Mapping[str, Any] = {}


def at_start(service: str) -> list[Trouble]:
    """Return what can happen to the request that starts something."""
    start, look = START[service], LOOK[service]
    lost = Fault(start, "drop_after")
    # Segment's syncs are listed once before the start, dbt Cloud's runs only after a lost answer.
    skipped = 1 if service == SEGMENT else 0
    return [
        Trouble("500, not processed", [presets.server_error(start)], PATIENT),
        Trouble("502 with a page, not processed", [presets.bad_gateway(start)], PATIENT),
        Trouble("500, though processed", [Fault(start, "wrong_json", status=500, body="Oops")]),
        Trouble(
            "502 with a page, though processed",
            [Fault(start, "wrong_json", status=502, body=presets.GATEWAY_PAGE)],
        ),
        Trouble("429 with Retry-After", [presets.too_many_requests(start, retry_after=2)]),
        Trouble("429 without Retry-After", [presets.too_many_requests(start)]),
        Trouble("401 for a while", [presets.unauthorized(start, lasting=2.0)]),
        Trouble("reset, not processed", [Fault(start, "reset_before")]),
        Trouble("held, not processed", [Fault(start, "hold_before", seconds=READ_TIMEOUT + 1)]),
        Trouble("processed, then closed", [lost]),
        Trouble("processed, then reset", [Fault(start, "reset_after")]),
        Trouble("answered after the time-out", [Fault(start, "late", seconds=READ_TIMEOUT + 1)]),
        Trouble("half an answer", [Fault(start, "half")]),
        Trouble("an answer that is no JSON", [Fault(start, "wrong_json")]),
        Trouble("an answer drop by drop", [Fault(start, "drip", seconds=0.005)]),
        Trouble(
            "answer lost, its trace hidden for 20 s",
            [lost, presets.unborn(20.0, look)],
        ),
        Trouble(
            "answer lost, three look-ups fail",
            [lost, Fault(look, "answer", status=500, skip=skipped, count=3)],
        ),
        Trouble(
            "answer lost, all look-ups fail",
            [lost, Fault(look, "answer", status=500, skip=skipped, **ALWAYS)],
            {"retries": 0, "state": "failed", "says": "may or may not have been started"},
        ),
        Trouble("answer lost, clock 5 minutes fast", [lost], {"clock": 300.0}),
        Trouble("answer lost, clock 5 minutes slow", [lost], {"clock": -300.0}),
        Trouble(
            "refused for good",
            [Fault(start, "answer", status=422, **ALWAYS)],
            {"retries": 0, "ends": (), "state": "failed", "says": "422"},
        ),
    ]


def while_waiting(service: str) -> list[Trouble]:
    """Return what can happen to the requests that ask how it is doing."""
    status = STATUS[service]
    return [
        Trouble("500 three times", [presets.server_error(status, count=3)]),
        Trouble("502 with a page three times", [presets.bad_gateway(status, count=3)]),
        Trouble("429 with Retry-After", [presets.too_many_requests(status, retry_after=2)]),
        Trouble("429 without Retry-After, twice", [presets.too_many_requests(status, count=2)]),
        Trouble("401 for a while", [presets.unauthorized(status, lasting=1.0)]),
        Trouble("reset three times", [Fault(status, "reset_before", count=3)]),
        Trouble("closed three times", [Fault(status, "drop_after", count=3)]),
        Trouble("answered after the time-out", [Fault(status, "late", seconds=READ_TIMEOUT + 1)]),
        Trouble("half an answer, three times", [Fault(status, "half", count=3)]),
        Trouble("no JSON, three times", [Fault(status, "wrong_json", count=3)]),
        Trouble("drop by drop", [Fault(status, "drip", seconds=0.001)]),
        Trouble(
            "404 for its first seconds",
            # The first look comes when a triggerer or a sensor has begun, on a busy machine late.
            [presets.unborn(40.0, status)],
            {"work": "long"},
        ),
    ]


def in_bulk() -> list[Trouble]:
    """Return what can happen to the requests of dbt Cloud that ask for many runs."""
    return [
        Trouble("bulk listing refused", [presets.bulk_refused()]),
        Trouble("bulk listing incomplete", [presets.bulk_incomplete()]),
        Trouble("bulk listing fails three times", [presets.server_error(BULK, count=3)]),
    ]
