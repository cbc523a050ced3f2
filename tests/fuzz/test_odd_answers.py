"""Whatever a service answers: no crash, and no success that is none."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_dbtsegment.dbt_cloud.job_launcher import JobLauncher
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.launching.launch import launch_once
from airflow_provider_dbtsegment.launching.protocol import Attempt, LaunchOptions, Origin
from airflow_provider_dbtsegment.launching.record import LaunchRecords
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.segment.sync_launcher import SyncLauncher
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from airflow_provider_dbtsegment.triggers.base import WaitTrigger
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger
from airflow_provider_dbtsegment.watch import wait_blocking
from tests.fuzz.answers import answers
from tests.fuzz.raw_server import RawServer
from tests.launched_service import KEY, Clock, Store, marker
from tests.task_bench import first_event

#: How many answers each test tries.
ANSWERS = int(os.environ.get("ANSWERS", "600"))
COMMON = settings(
    max_examples=ANSWERS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
)
SERVICES = pytest.mark.parametrize("service", ["dbt Cloud", "Segment"])


def source_of(service: str) -> Any:
    if service == "dbt Cloud":
        return RunSource(DbtCloudHook(max_attempts=1))
    return SyncSource(SegmentHook(max_attempts=1))


def key_of(service: str) -> Any:
    return 11 if service == "dbt Cloud" else ("m", "s")


def says_success(state: Any, service: str) -> bool:
    """Return whether a state says of the right thing, in the right words, that it succeeded."""
    if service == "dbt Cloud":
        return type(state["status"]) is int and (state["id"], state["status"]) == (11, 10)
    return (state["syncId"], state["syncStatus"].upper()) == ("s", "SUCCESS")


@SERVICES
def test_a_blocking_wait_survives_every_answer(
    service: str, raw: RawServer, tell: Callable[[str], None]
) -> None:
    ended = []

    @COMMON
    @given(answers(service))
    def every(answer: bytes) -> None:
        raw.get = answer
        source, clock = source_of(service), Clock()
        try:
            state = wait_blocking(
                source,
                key_of(service),
                interval=10,
                patience=Patience(15.0, 0.0, 30.0),
                on_change=lambda label, _: None,
                clock=clock,
                sleep=clock.sleep,
            )
        except DbtSegmentError as error:
            str(error).encode()
        else:
            ended.append(state)
            assert source.ended(state)
            outcome = ends(state, service)
            assert (outcome is Outcome.SUCCESS) == says_success(state, service)
        finally:
            source.close()

    every()
    tell(f"{ANSWERS} odd answers of {service} to a wait, {len(ended)} of them an end")


def ends(state: Any, service: str) -> Outcome | None:
    from airflow_provider_dbtsegment.dbt_cloud import types as dbt_cloud
    from airflow_provider_dbtsegment.segment import types as segment

    return (dbt_cloud if service == "dbt Cloud" else segment).outcome(state)


def trigger_of(service: str) -> WaitTrigger[Any, Any]:
    began = time.time()
    # The time is up, so the first look is the last one.
    common: dict[str, Any] = {"poll_interval": 10.0, "deadline": began, "began": began - 100}
    if service == "dbt Cloud":
        return DbtCloudRunTrigger(dbt_cloud_conn_id="dbt_cloud_default", run_id=11, **common)
    return ReverseETLSyncTrigger(
        segment_conn_id="segment_default", model_id="m", sync_id="s", **common
    )


@SERVICES
def test_a_trigger_survives_every_answer(service: str, raw: RawServer) -> None:
    @settings(COMMON, max_examples=max(100, ANSWERS // 4))
    @given(answers(service))
    def every(answer: bytes) -> None:
        raw.get = answer
        event = asyncio.run(first_event(trigger_of(service)))
        json.dumps(event, ensure_ascii=False).encode()
        wanted = {"run_id": 11} if service == "dbt Cloud" else {"model_id": "m", "sync_id": "s"}
        assert event.items() >= wanted.items()
        if "error" in event:
            assert event["error"] in {one.__name__ for one in own_errors()}

    every()


def own_errors() -> set[type[DbtSegmentError]]:
    known = {DbtSegmentError}
    while True:
        more = {one for kind in known for one in kind.__subclasses__()} - known
        if not more:
            return known
        known |= more


@SERVICES
@pytest.mark.parametrize("odd", ["the start", "the look-up", "both"])
def test_a_launch_survives_every_answer(service: str, odd: str, raw: RawServer) -> None:
    @settings(COMMON, max_examples=max(100, ANSWERS // 3))
    @given(answers(service), st.booleans(), st.booleans())
    def every(answer: bytes, later: bool, reuse: bool) -> None:
        raw.get = fine(service, None) if odd == "the start" else answer
        raw.post = fine(service, 11) if odd == "the look-up" else answer
        raw.posts = 0
        values, clock = Store(), Clock()
        number = 2 if later else 1
        mark, store = marker(number), None if reuse else values.of(number)
        hook: Any
        work: Any
        if service == "dbt Cloud":
            hook = DbtCloudHook(max_attempts=1)
            work = JobLauncher(hook, 5, {"cause": "Airflow"}, mark)
        else:
            hook = SegmentHook(max_attempts=1)
            work = SyncLauncher(hook, "w", "m", "x")
        try:
            launch = launch_once(
                work,
                Attempt(mark, store=store),
                LaunchRecords(store, KEY, ("a deployment",)),
                LaunchOptions(reuse_active=reuse, start_timeout=600),
                clock=clock,
                sleep=clock.sleep,
            )
        except DbtSegmentError as error:
            str(error).encode()
        else:
            assert type(launch.id) is (int if service == "dbt Cloud" else str)
            assert launch.id
            assert launch.origin is not Origin.RESUMED
        finally:
            hook.close()
        # A start is sent again only after the service has clearly not taken it.
        assert raw.posts <= 1 or raw.post.split()[1] in (b"429", b"409")
        json.dumps(values)

    every()


def fine(service: str, id: int | None) -> bytes:
    """Return an answer as it ought to be: a thing that was started, or an empty list."""
    if service == "dbt Cloud":
        data: Any = [] if id is None else {"id": id, "status": 1, "job_definition_id": 5}
    elif id is None:
        data = {"syncStatuses": [], "pagination": {}}
    else:
        data = {"reverseETLManualSync": {"syncId": "s", "startedAt": "2026-01-01T00:00:00Z"}}
    body = json.dumps({"data": data}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
