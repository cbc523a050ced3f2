"""What launching once makes of a mapping's list of syncs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import LaunchUnknownError
from airflow_provider_dbtsegment.launch import How, launch_once
from airflow_provider_dbtsegment.segment import SegmentApi
from airflow_provider_dbtsegment.segment.sync_launch import SyncLaunch
from tests.launched_service import Clock, marker
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


def later_try(api: SegmentApi, since: datetime | None = SINCE, **options: Any) -> Any:
    """Launch on a second try, with nothing remembered of the first."""
    mark, clock = marker(2), Clock()
    ids = {"source_id": "w", "model_id": "m", "subscription_id": "x"}
    work = SyncLaunch(api, marker=mark, since=since, **ids)
    return launch_once(work, mark, clock=clock, sleep=clock.sleep, **options)


def started(server: ScriptedServer) -> bool:
    return any(request.method == "POST" for request in server.received)


@pytest.mark.parametrize(
    ("status", "says"), [("IN_PROGRESS", "is going on"), ("SUCCESS", "has succeeded")]
)
@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=7), timedelta(minutes=-7)])
def test_a_sync_that_may_be_ours_keeps_a_later_try_from_starting_another(
    api: SegmentApi,
    server: ScriptedServer,
    status: str,
    says: str,
    ahead: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell_time(monkeypatch, ahead)
    server.script(listed(status, SINCE + timedelta(seconds=5), ahead))
    with pytest.raises(LaunchUnknownError, match=f"{says} and may have .* reuse_existing_sync"):
        later_try(api)
    assert not started(server)


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=7), timedelta(minutes=-7)])
def test_a_sync_of_before_the_dag_run_is_not_ours(
    api: SegmentApi,
    server: ScriptedServer,
    ahead: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell_time(monkeypatch, ahead)
    server.script(listed("SUCCESS", SINCE - timedelta(minutes=5), ahead))
    assert later_try(api).id == "new"


@pytest.mark.parametrize("status", ["FAIL", "CANCELED", "PARTIAL_SUCCESS"])
def test_a_sync_that_did_not_succeed_hinders_nobody(
    api: SegmentApi, server: ScriptedServer, status: str
) -> None:
    server.script(listed(status, SINCE + timedelta(seconds=5)))
    assert later_try(api).how is How.STARTED


def test_what_goes_on_is_taken_over_when_asked(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("IN_PROGRESS", SINCE + timedelta(seconds=5)))
    assert later_try(api, reuse_existing=True).how is How.REUSED
    assert not started(server)


def test_without_a_bound_only_what_goes_on_gives_rise_to_doubt(
    api: SegmentApi, server: ScriptedServer
) -> None:
    server.script(listed("SUCCESS", SINCE))
    assert later_try(api, since=None).id == "new"
    server.script(listed("IN_PROGRESS", SINCE))
    with pytest.raises(LaunchUnknownError):
        later_try(api, since=None)
