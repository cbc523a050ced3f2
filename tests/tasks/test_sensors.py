"""Sensors: all modes end alike, in the same state and with the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.task_bench import Ended, run_task
from tests.waiting import wait_until

MODES = [{"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}]
IN_ALL_MODES = pytest.mark.parametrize("mode", MODES, ids=["poke", "reschedule", "deferred"])
SOFTNESS = pytest.mark.parametrize("soft", [{}, {"soft_fail": True}, {"never_fail": True}], ids=str)


@pytest.fixture(scope="module")
def ended_runs(sandbox: Sandbox) -> dict[str, Callable[[], int]]:
    """Returns the id of a run of each kind; each is made once."""
    made: dict[str, int] = {}

    def of(job_id: int, cancel: bool = False, steps: list[str] | None = None) -> int:
        key = f"{job_id} {cancel}"
        hook = DbtCloudHook()
        if key not in made:
            payload = {"cause": "for sensors", **({"steps_override": steps} if steps else {})}
            run_id = made[key] = hook.trigger_job(job_id, payload, should_poll=False)["id"]
            if cancel:
                wait_until(lambda: hook.get_run(run_id)["status"] == 3)
                hook.cancel_run(run_id)
            source = RunSource(hook)
            wait_until(lambda: source.ended(source.ask_one(run_id)))
        hook.close()
        return made[key]

    return {
        "success": lambda: of(1),
        "error": lambda: of(2),
        "cancelled": lambda: of(3, cancel=True),
    }


def sense_run(run_id: Any, **options: Any) -> Ended:
    task = DbtCloudRunSensor(
        task_id="sense", run_id=run_id, **{"poke_interval": 0.2, "timeout": 60, **options}
    )
    return run_task(task)


def sense_sync(model_id: Any, sync_id: Any, **options: Any) -> Ended:
    task = ReverseETLSyncSensor(
        task_id="sense",
        model_id=model_id,
        sync_id=sync_id,
        **{"poke_interval": 0.2, "timeout": 60, **options},
    )
    return run_task(task)


@IN_ALL_MODES
def test_a_run_is_waited_for_until_it_succeeds(
    mode: dict[str, Any], dbt_cloud: DbtCloudHook
) -> None:
    run_id = dbt_cloud.trigger_job(1, {"cause": "for a sensor"}, should_poll=False)["id"]
    ended = sense_run(str(run_id), **mode)
    assert ended.state == "success"
    assert ended.xcoms["run_summary"]["nodes"] == {"success": 2, "pass": 2}
    assert ended.deferrals == int("deferrable" in mode)
    assert (ended.reschedules > 0) == (mode.get("mode") == "reschedule")


@IN_ALL_MODES
@SOFTNESS
@pytest.mark.parametrize("end", ["success", "error", "cancelled"])
def test_a_run_that_has_ended_ends_the_sensor_alike(
    mode: dict[str, Any],
    soft: dict[str, Any],
    end: str,
    ended_runs: dict[str, Callable[[], int]],
) -> None:
    ended = sense_run(ended_runs[end](), **mode, **soft)
    if end == "success":
        assert ended.state == "success"
        return
    assert ended.state == ("skipped" if soft else "failed without retries")
    assert f"ended with status {end}" in ended.message


@IN_ALL_MODES
@SOFTNESS
def test_a_time_out_ends_the_sensor_alike(
    mode: dict[str, Any], soft: dict[str, Any], dbt_cloud: DbtCloudHook
) -> None:
    run_id = dbt_cloud.trigger_job(3, {"cause": "for a time-out"}, should_poll=False)["id"]
    try:
        ended = sense_run(run_id, timeout=0.5, **mode, **soft)
        assert ended.state == ("skipped" if soft else "failed")
        if not soft:
            assert type(ended.error).__name__ == "AirflowSensorTimeout"
    finally:
        dbt_cloud.cancel_run(run_id)


@IN_ALL_MODES
@SOFTNESS
def test_bad_input_is_told_alike(mode: dict[str, Any], soft: dict[str, Any]) -> None:
    ended = sense_run("run 7", **mode, **soft)
    assert ended.state == ("skipped" if "never_fail" in soft else "failed")
    if "never_fail" not in soft:
        assert "run_id is 'run 7'" in ended.message


@IN_ALL_MODES
@pytest.mark.parametrize(
    ("mapping", "options", "state"),
    [
        (("everybody", "good"), {}, "success"),
        (("some_bad", "partial"), {}, "failed without retries"),
        (("some_bad", "partial"), {"soft_fail": True}, "skipped"),
        (("some_bad", "partial"), {"partial_success": "accept"}, "success"),
        (("broken", "failing"), {}, "failed without retries"),
        (("broken", "failing"), {"soft_fail": True}, "skipped"),
    ],
)
def test_a_sync_ends_the_sensor_alike(
    mode: dict[str, Any],
    mapping: tuple[str, str],
    options: dict[str, Any],
    state: str,
    segment: SegmentHook,
) -> None:
    model_id, subscription_id = mapping
    source = SyncSource(segment)
    started = wait_until(lambda: _start(segment, model_id, subscription_id))
    if options:
        wait_until(lambda: source.ended(source.ask_one((model_id, started))))
    ended = sense_sync(model_id, started, **mode, **options)
    assert ended.state == state
    assert ended.xcoms["sync_summary"]["sync_id"] == started


@IN_ALL_MODES
def test_a_sensor_of_syncs_tells_bad_input(mode: dict[str, Any]) -> None:
    assert "model_id is empty" in sense_sync("", "x", **mode).message
    assert "sync_id is 'a/b'" in sense_sync("m", "a/b", **mode).message
    assert "partial_success" in sense_sync("m", "s", partial_success="never", **mode).message


def _start(segment: SegmentHook, model_id: str, subscription_id: str) -> str:
    return segment.create_reverse_etl_manual_sync("warehouse", model_id, subscription_id)["syncId"]
