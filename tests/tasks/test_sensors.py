"""Sensors on the sandbox; that they end alike in all modes is in `test_modes.py`."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.task_bench import Ended, run_task
from tests.waiting import wait_until

MODES = [{"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}]
IN_ALL_MODES = pytest.mark.parametrize("mode", MODES, ids=["poke", "reschedule", "deferred"])
SOFTNESS = pytest.mark.parametrize("soft", [{}, {"soft_fail": True}, {"never_fail": True}], ids=str)


def sense_run(run_id: Any, **options: Any) -> Ended:
    task = DbtCloudRunSensor(
        task_id="sense",
        run_id="{{ params.run_id }}",
        **{"poke_interval": 0.2, "timeout": 60, **options},
    )
    task.render_template_fields({"params": {"run_id": run_id}})  # type: ignore[arg-type]
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
def test_bad_input_is_told_alike(mode: dict[str, Any], soft: dict[str, Any]) -> None:
    ended = sense_run("run 7", **mode, **soft)
    assert ended.state == ("skipped" if "never_fail" in soft else "failed")
    if "never_fail" not in soft:
        assert "run_id is 'run 7'" in ended.message


@IN_ALL_MODES
def test_a_sync_is_waited_for_until_it_succeeds(mode: dict[str, Any], segment: SegmentHook) -> None:
    sync_id = wait_until(
        lambda: segment.create_reverse_etl_manual_sync("warehouse", "everybody", "good")["syncId"]
    )
    ended = sense_sync("everybody", sync_id, **mode)
    assert ended.state == "success"
    assert ended.xcoms["sync_summary"]["sync_id"] == sync_id
