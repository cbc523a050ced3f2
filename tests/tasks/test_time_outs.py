"""Deadlines and budgets, where the modes are not alike or a later process has to know of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_dbtsegment.compat import AirflowSensorTimeout
from airflow_provider_dbtsegment.exceptions import WaitFaultsError, WaitTimeoutError
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.tasks.faults import FAULTS
from tests.one_wait import ACCOUNT, JOB, MAPPING, MODEL, RUN, TOKEN, OneWait, refusal, run, sync
from tests.scripted_server import serving
from tests.task_bench import Ended, Ledger, TaskInstance, run_task

IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
GOES_ON = [(0.0, run(3))]
DOWN = [(0.0, run(3)), (0.2, refusal(500, "down"))]
IDS = {"source_id": "w", "model_id": MODEL, "subscription_id": MAPPING}


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, own_budget: None) -> Any:
    """Run a task against a story and return how it ended, and what the service saw."""

    def play(
        story: Any, task: Any, instance: TaskInstance | None = None, ledger: Ledger | None = None
    ) -> tuple[Ended, OneWait]:
        with serving(OneWait(story)) as server:
            connection = {"host": server.url, "login": str(ACCOUNT), "password": TOKEN}
            for name in ("DBT_CLOUD", "SEGMENT"):
                text = json.dumps({"conn_type": "x", **connection})
                monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", text)
            server.begin()
            return run_task(task, instance, ledger), server

    return play


def job(deferrable: bool, **options: Any) -> TriggerDbtJobOperator:
    options = {"poll_interval": 0.1, "retries": 1, **options}
    return TriggerDbtJobOperator(task_id="t", job_id=JOB, deferrable=deferrable, **options)


@IN_BOTH_MODES
def test_the_execution_timeout_cancels_the_run_and_leaves_a_note(
    deferrable: bool, play: Any
) -> None:
    ledger = Ledger()
    task = job(deferrable, execution_timeout=timedelta(seconds=1))
    ended, server = play(GOES_ON, task, ledger=ledger)
    assert isinstance(ended.error, WaitTimeoutError)
    assert "Waiting for dbt Cloud run 11 failed: It had not ended" in ended.message
    assert server.cancelled == 1
    assert ledger.has_a_cancellation


@IN_BOTH_MODES
@pytest.mark.parametrize("wanted", [False, True])
def test_the_execution_timeout_cancels_a_sync_only_if_that_is_wanted(
    wanted: bool, deferrable: bool, play: Any
) -> None:
    options = {"cancel_on_kill": True} if wanted else {}
    task = CreateReverseETLManualSyncOperator(
        task_id="t",
        deferrable=deferrable,
        poll_interval=0.1,
        execution_timeout=timedelta(seconds=1),
        **IDS,
        **options,
    )
    ended, server = play([(0.0, sync("IN_PROGRESS"))], task)
    assert isinstance(ended.error, WaitTimeoutError)
    assert server.cancelled == int(wanted)


@IN_BOTH_MODES
def test_a_timeout_before_the_execution_timeout_leaves_the_run_going_on(
    deferrable: bool, play: Any
) -> None:
    # When it has passed, less is left of the execution time-out than it was itself.
    task = job(deferrable, timeout=1.0, execution_timeout=timedelta(seconds=2.2))
    ended, server = play(GOES_ON, task)
    assert isinstance(ended.error, WaitTimeoutError)
    assert server.cancelled == 0


@IN_BOTH_MODES
def test_what_was_spent_before_the_waiting_counts_for_the_execution_timeout(
    deferrable: bool, play: Any
) -> None:
    began = datetime.now(timezone.utc) - timedelta(seconds=100)
    task = job(deferrable, execution_timeout=timedelta(seconds=100))
    ended, server = play(GOES_ON, task, TaskInstance(began=began))
    assert "after 0 s" in ended.message
    assert server.looks >= 1


@IN_BOTH_MODES
def test_a_run_that_ends_just_before_the_execution_timeout_has_succeeded(
    deferrable: bool, play: Any
) -> None:
    task = job(deferrable, poll_interval=60, execution_timeout=timedelta(seconds=1))
    ended, server = play([(0.0, run(3)), (0.5, run(10))], task)
    assert ended.state == "success"
    assert server.cancelled == 0


@pytest.mark.parametrize("mode", [{"mode": "poke"}, {"deferrable": True}], ids=str)
def test_a_sensor_at_its_execution_timeout_is_tried_again(mode: dict[str, Any], play: Any) -> None:
    task = DbtCloudRunSensor(
        task_id="t", run_id=RUN, poke_interval=60, execution_timeout=timedelta(seconds=1), **mode
    )
    ended, _ = play(GOES_ON, task)
    assert ended.state == "failed"
    assert isinstance(ended.error, WaitTimeoutError)


def reschedules(**options: Any) -> DbtCloudRunSensor:
    options = {"poke_interval": 0.15, "timeout": 2, "fault_budget": 0.5, **options}
    return DbtCloudRunSensor(task_id="t", run_id=RUN, mode="reschedule", **options)


def test_airflow_counts_the_execution_timeout_for_each_look_of_a_rescheduled_sensor(
    play: Any,
) -> None:
    task = reschedules(execution_timeout=timedelta(seconds=1), timeout=60)
    ended, _ = play([(0.0, run(3)), (1.5, run(10))], task)
    assert ended.state == "success"


def test_a_rescheduled_sensor_remembers_since_when_looking_fails(play: Any) -> None:
    ended, _ = play(DOWN, reschedules(), ledger=Ledger())
    assert isinstance(ended.error, WaitFaultsError)
    assert ended.reschedules >= 4


def test_a_rescheduled_sensor_forgets_faults_after_an_answer_and_at_the_next_try(
    play: Any,
) -> None:
    ledger = Ledger()
    ledger[FAULTS] = {"try": 1, "since": 0.0}
    down = refusal(500, "down")
    story = [(0.0, down), (0.3, run(3)), (0.6, down), (0.9, run(10))]
    ended, _ = play(story, reschedules(), TaskInstance(try_number=2), ledger)
    assert ended.state == "success"


def test_a_rescheduled_sensor_that_nobody_remembers_for_gives_up_at_its_time_out(
    play: Any,
) -> None:
    ended, _ = play(DOWN, reschedules())
    assert isinstance(ended.error, AirflowSensorTimeout)
    assert "the last look failed" in ended.message


def test_a_store_that_fails_does_not_fail_the_sensor(play: Any) -> None:
    class Broken(Ledger):
        def get(self, key: str, default: Any = None) -> Any:
            raise ConnectionError("no Airflow")

        set = get

    ended, _ = play([*DOWN, (0.6, run(10))], reschedules(), ledger=Broken())
    assert ended.state == "success"
