"""The sensor of apache-airflow-providers-dbt-cloud, and the trigger that it shares."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook, DbtCloudJobRunException
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor
from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.judges.conftest import BROKEN, BUILD, SLOW
from tests.task_bench import Ended, again, first_event, run_task
from tests.waiting import wait_until

CANCELLED = 30
IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["poke", "deferred"])


@pytest.fixture(autouse=True)
def connected(community_connection: Sandbox, asynchronously_trusted: None) -> None:
    """Every task has its connection."""


def start(job_id: int) -> int:
    run_id: int = DbtCloudHook().trigger_job_run(job_id, cause="A sensor").json()["data"]["id"]
    return run_id


def cancel(run_id: int) -> None:
    DbtCloudHook().cancel_job_run(run_id)
    wait_until(lambda: DbtCloudHook().get_job_run_status(run_id) == CANCELLED)


def trigger_for(run_id: int, seconds: float) -> DbtCloudRunJobTrigger:
    return DbtCloudRunJobTrigger(
        conn_id="dbt_cloud_default",
        run_id=run_id,
        end_time=time.time() + seconds,
        poll_interval=0.1,
        account_id=None,
    )


def sense(run_id: int, deferrable: bool) -> Ended:
    options: dict[str, Any] = {"poke_interval": 0.1, "timeout": 60, "deferrable": deferrable}
    return run_task(DbtCloudJobRunSensor(task_id="sense", run_id=run_id, **options))


@IN_BOTH_MODES
def test_a_run_is_waited_for(deferrable: bool) -> None:
    run_id = start(BUILD)
    ended = sense(run_id, deferrable)
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))
    assert ended.value == (run_id if deferrable else None)


@IN_BOTH_MODES
def test_a_failed_run_fails_the_sensor(deferrable: bool) -> None:
    ended = sense(start(BROKEN), deferrable)
    assert (ended.state, ended.deferrals) == ("failed", int(deferrable))
    assert isinstance(ended.error, DbtCloudJobRunException)
    assert "has failed" in ended.message


@IN_BOTH_MODES
def test_a_cancelled_run_fails_the_sensor(deferrable: bool) -> None:
    run_id = start(SLOW)
    cancel(run_id)
    ended = sense(run_id, deferrable)
    assert ended.state == "failed"
    assert "has been cancelled" in ended.message


async def test_the_trigger_gives_up_on_time_and_sees_a_cancellation() -> None:
    run_id = await asyncio.to_thread(start, SLOW)
    impatient = trigger_for(run_id, seconds=0.3)
    event = await first_event(again(impatient))
    assert (event["status"], event["run_id"]) == ("error", run_id)
    assert "has not reached a terminal status within the configured timeout" in event["message"]
    assert time.time() >= impatient.end_time
    assert await impatient.is_still_running(DbtCloudHook())

    waiting = asyncio.create_task(first_event(again(trigger_for(run_id, seconds=60))))
    await asyncio.to_thread(cancel, run_id)
    assert (await waiting)["status"] == "cancelled"
    assert not await impatient.is_still_running(DbtCloudHook())
