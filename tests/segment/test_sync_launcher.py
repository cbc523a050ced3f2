"""What an attempt without a record makes of a mapping's list of syncs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import LaunchUnknownError
from airflow_provider_dbtsegment.launching.launch import launch_once
from airflow_provider_dbtsegment.launching.protocol import (
    Attempt,
    Launch,
    LaunchOptions,
    Origin,
)
from airflow_provider_dbtsegment.launching.record import LaunchRecords
from airflow_provider_dbtsegment.segment import SegmentApi
from airflow_provider_dbtsegment.segment.sync_launcher import SyncLauncher
from tests.launched_service import KEY, Clock, Store, marker
from tests.scripted_server import Reply, ScriptedServer

#: When the DAG run began.
SINCE = datetime.now(timezone.utc) - timedelta(minutes=30)
NONE = timedelta()


def listed(status: str, began: datetime, ahead: timedelta = NONE) -> Reply:
    """Return a list of one sync, which also answers a start, by a clock that may be ahead."""
    sync = {"syncId": "s", "syncStatus": status, "startedAt": (began + ahead).isoformat()}
    data = {"syncStatuses": [sync], "pagination": {}, "reverseETLManualSync": {"syncId": "new"}}
    return Reply(body=json.dumps({"data": data}))


def tell_time(patch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """Let the server's clock be ahead."""
    now = format_datetime(datetime.now(timezone.utc) + ahead, usegmt=True)
    patch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda self: now)


def second_attempt(
    api: SegmentApi, options: LaunchOptions | None = None, **attempt: Any
) -> Launch[str]:
    """Launch on a second attempt, with nothing recorded of the first."""
    clock = Clock()
    return launch_once(
        SyncLauncher(api, "w", "m", "x"),
        Attempt(marker(2), first_attempt_began=SINCE.timestamp(), **attempt),
        LaunchRecords(None, KEY, ("",)),
        options,
        clock=clock,
        sleep=clock.sleep,
    )


def attempt_with_store(api: SegmentApi, number: int) -> Launch[str]:
    """Launch with an empty store."""
    store, clock = Store().of(number), Clock()
    return launch_once(
        SyncLauncher(api, "w", "m", "x"),
        Attempt(marker(number), store=store),
        LaunchRecords(store, KEY, ("",)),
        clock=clock,
        sleep=clock.sleep,
    )


def started(server: ScriptedServer) -> bool:
    return any(request.method == "POST" for request in server.received)


@pytest.mark.parametrize(
    ("status", "origin"), [("IN_PROGRESS", Origin.ADOPTED), ("SUCCESS", Origin.SUCCEEDED)]
)
@pytest.mark.parametrize("ahead", [NONE, timedelta(minutes=7), timedelta(minutes=-7)])
def test_a_sync_that_began_after_the_first_attempt_is_taken(
    api: SegmentApi,
    server: ScriptedServer,
    status: str,
    origin: Origin,
    ahead: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell_time(monkeypatch, ahead)
    server.script(listed(status, SINCE + timedelta(seconds=5), ahead))
    assert second_attempt(api) == Launch("s", origin)
    assert not started(server)


def test_a_cleared_task_takes_no_success(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("SUCCESS", SINCE + timedelta(seconds=5)))
    assert second_attempt(api, may_be_cleared=True) == Launch("new", Origin.STARTED)


@pytest.mark.parametrize("ahead", [NONE, timedelta(minutes=7), timedelta(minutes=-7)])
def test_an_older_success_is_not_taken(
    api: SegmentApi,
    server: ScriptedServer,
    ahead: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell_time(monkeypatch, ahead)
    server.script(listed("SUCCESS", SINCE - timedelta(minutes=20), ahead))
    assert second_attempt(api).id == "new"


def test_an_older_sync_that_is_running_has_to_end_first(
    api: SegmentApi, server: ScriptedServer
) -> None:
    before = SINCE - timedelta(minutes=20)
    server.script(*2 * [listed("IN_PROGRESS", before)], listed("SUCCESS", before))
    assert second_attempt(api) == Launch("new", Origin.STARTED)


def test_an_older_sync_that_does_not_end_lets_the_next_attempt_wait(
    api: SegmentApi, server: ScriptedServer
) -> None:
    server.script(listed("IN_PROGRESS", SINCE - timedelta(minutes=20)))
    with pytest.raises(LaunchUnknownError, match=r"is still running.*A later attempt waits again"):
        second_attempt(api, LaunchOptions(start_timeout=300))
    assert not started(server)


@pytest.mark.parametrize("status", ["FAIL", "CANCELED"])
def test_a_sync_that_did_not_succeed_is_not_taken(
    api: SegmentApi, server: ScriptedServer, status: str
) -> None:
    server.script(listed(status, SINCE + timedelta(seconds=5)))
    assert second_attempt(api).origin is Origin.STARTED


def test_a_store_that_has_forgotten_lets_a_running_sync_end_first(
    api: SegmentApi, server: ScriptedServer
) -> None:
    began = SINCE + timedelta(seconds=5)
    server.script(*2 * [listed("IN_PROGRESS", began)], listed("SUCCESS", began))
    assert attempt_with_store(api, 2) == Launch("new", Origin.STARTED)


def test_a_first_attempt_sends_two_requests(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("SUCCESS", SINCE))
    assert attempt_with_store(api, 1).id == "new"
    assert [request.method for request in server.received] == ["GET", "POST"]


def test_the_baseline_is_small(api: SegmentApi, server: ScriptedServer) -> None:
    """It is stored with each launch."""
    syncs = [
        {"syncId": f"s{n}", "syncStatus": "SUCCESS", "startedAt": f"2026-01-01T00:00:{n:02}Z"}
        for n in range(50)
    ]
    server.script(Reply(body=json.dumps({"data": {"syncStatuses": syncs, "pagination": {}}})))
    assert SyncLauncher(api, "w", "m", "x").baseline()["sync_ids"] == ["s49"]
