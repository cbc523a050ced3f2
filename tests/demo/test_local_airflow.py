"""A real Airflow, started once for all of these tests."""

from __future__ import annotations

import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.demo.component import ComponentDied
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.outcome import TRIGGER_FIRED, last_error


def test_a_deferred_task_goes_through_the_triggerer(local_airflow: LocalAirflow) -> None:
    run_id = local_airflow.api.trigger("waits", {"colour": "blue"}, "first")
    assert run_id == "first"
    seen = set()
    state = local_airflow.wait_for_run(
        "waits", run_id, timeout=60, on_poll=lambda tasks: seen.update(t["state"] for t in tasks)
    )
    assert state == "failed"
    assert "deferred" in seen
    assert TRIGGER_FIRED.search(local_airflow.api.task_log("waits", run_id, "waits"))
    assert local_airflow.api.xcom("waits", run_id, "waits") == 7
    assert local_airflow.api.xcom("waits", run_id, "waits", "details") == {"answer": 42}
    assert local_airflow.api.xcom("waits", run_id, "waits", "nothing") is None
    assert (
        last_error(local_airflow.api.task_log("waits", run_id, "fails")) == "cannot work with blue"
    )


def test_only_the_owner_can_read_the_password(local_airflow: LocalAirflow) -> None:
    assert stat.S_IMODE(local_airflow.password_file.stat().st_mode) == 0o600


def test_a_component_that_dies_is_noticed_and_can_be_started_again(
    local_airflow: LocalAirflow,
) -> None:
    triggerer = local_airflow.components["triggerer"]
    assert triggerer.pid
    os.kill(triggerer.pid, signal.SIGKILL)
    with pytest.raises(ComponentDied, match="triggerer ended with status 137"):
        local_airflow.wait_until(lambda: False, "nothing", timeout=10)
    triggerer.start()
    local_airflow.wait_healthy()


def test_nothing_is_left_of_an_airflow_that_is_stopped(tmp_path: Path, airflow_cache: Path) -> None:
    (tmp_path / "dags").mkdir()
    airflow = LocalAirflow(tmp_path / "airflow", tmp_path / "dags", cache=airflow_cache)
    processes: list[int] = []

    def have_children() -> bool:
        processes[:] = [pid for part in airflow.components.values() for pid in part.processes()]
        return len(processes) > len(airflow.components)

    try:
        airflow.launch()
        airflow.wait_until(have_children, "processes below the components", 60)
    finally:
        airflow.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", airflow.settings.port)) != 0
