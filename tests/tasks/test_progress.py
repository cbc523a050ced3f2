"""A task's log tells how far it is, in every mode, and not at every look."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dbtsegment import progress
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.watching import chronicle
from tests.one_wait import ACCOUNT, JOB, MAPPING, MODEL, RUN, TOKEN, OneWait, run, sync
from tests.scripted_server import serving
from tests.task_bench import run_task

#: In place of a minute; all looks are more frequent.
PAUSE = 0.4
LASTS = 3.0
STEPS = [{"name": "Clone", "status": 10}, {"name": "dbt build", "status": 3}]
RUN_SAYS = f"dbt Cloud run {RUN}: step 2 of 2, dbt build."

JOBS = {
    "job in a worker": lambda: job(deferrable=False),
    "job deferred": lambda: job(deferrable=True),
    "sensor that pokes": lambda: sensor(mode="poke"),
    "sensor that is rescheduled": lambda: sensor(mode="reschedule"),
    "sensor deferred": lambda: sensor(deferrable=True),
}


def job(**options: Any) -> TriggerDbtJobOperator:
    return TriggerDbtJobOperator(task_id="t", job_id=JOB, poll_interval=0.1, **options)


def sensor(**options: Any) -> DbtCloudRunSensor:
    return DbtCloudRunSensor(task_id="t", run_id=RUN, poke_interval=0.1, **options)


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_budget: None
) -> Any:
    """Return what a task logs while a service tells a story."""
    for module in (progress, chronicle):
        monkeypatch.setattr(module, "PAUSE", PAUSE)

    def play(story: Any, task: Any) -> list[str]:
        with serving(OneWait(story)) as server:
            connection = {"host": server.url, "login": str(ACCOUNT), "password": TOKEN}
            for name in ("DBT_CLOUD", "SEGMENT"):
                text = json.dumps({"conn_type": "x", **connection})
                monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", text)
            server.begin()
            assert run_task(task).state == "success"
        return capsys.readouterr().out.splitlines()

    return play


@pytest.mark.parametrize("name", JOBS)
def test_a_run_is_told_of_by_its_steps(name: str, lines: Any) -> None:
    going = run(3, run_steps=STEPS)
    said = lines([(0.0, going), (LASTS, run(10))], JOBS[name]())
    assert 2 <= sum(RUN_SAYS in line for line in said) <= LASTS / PAUSE


@pytest.mark.parametrize("deferrable", [False, True], ids=["in a worker", "deferred"])
def test_a_sync_is_told_of_by_its_rows(deferrable: bool, lines: Any) -> None:
    going = sync("IN_PROGRESS", extractPhase={"extractCount": 1200})
    task = CreateReverseETLManualSyncOperator(
        task_id="t",
        source_id="w",
        model_id=MODEL,
        subscription_id=MAPPING,
        poll_interval=0.1,
        deferrable=deferrable,
    )
    said = lines([(0.0, going), (LASTS, sync("SUCCESS"))], task)
    rows = [
        line for line in said if "1,200 rows extracted, 0 delivered, 0 rejected so far." in line
    ]
    assert 2 <= len(rows) <= LASTS / PAUSE


def test_a_poking_sensor_tells_each_state_once(lines: Any) -> None:
    said = lines([(0.0, run(1)), (0.4, run(3)), (0.8, run(10))], sensor(mode="poke"))
    states = [line.partition(f"dbt Cloud run {RUN} is ")[2] for line in said]
    assert [state.partition(".")[0] for state in states if state] == ["queued", "running"]
