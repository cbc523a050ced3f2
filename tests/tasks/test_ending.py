"""Which tasks end in the triggerer, and which sensors begin there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.compat import BEGINS_IN_TRIGGERER, BaseOperatorLink
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from airflow_provider_dbtsegment.tasks import beginning, ending
from airflow_provider_dbtsegment.tasks.beginning import why_a_worker_begins
from airflow_provider_dbtsegment.tasks.ending import why_a_worker_ends

FROM_3_3 = pytest.mark.skipif(not BEGINS_IN_TRIGGERER, reason="Airflow 3.3 and later")


@pytest.fixture(autouse=True)
def no_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (beginning, ending):
        monkeypatch.setattr(module, "listens_to", lambda happening: False)


def dag(**options: Any) -> DAG:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return DAG("a_dag", schedule=None, start_date=start, **options)


def job(kind: type = TriggerDbtJobOperator, **options: Any) -> Any:
    return kind(task_id="job", dag=dag(), **{"job_id": 1, "deferrable": True, **options})


def sensor(kind: type = DbtCloudRunSensor, **options: Any) -> Any:
    return kind(task_id="sensor", dag=dag(), **{"run_id": 1, "deferrable": True, **options})


class EndsAsItLikes(TriggerDbtJobOperator):
    def execute_complete(self, *arguments: Any, **options: Any) -> Any:
        return super().execute_complete(*arguments, **options)


class LooksBack(TriggerDbtJobOperator):
    def post_execute(self, context: Any, result: Any = None) -> None:
        pass


class OnlyLooksOtherwise(TriggerDbtJobOperator):
    ui_color = "#fff"


class Elsewhere(BaseOperatorLink):
    name = "Elsewhere"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "https://example.com"


class Linked(TriggerDbtJobOperator):
    operator_extra_links = (*TriggerDbtJobOperator.operator_extra_links, Elsewhere())


class LooksAround(DbtCloudRunSensor):
    def pre_execute(self, context: Any) -> None:
        pass


def set_on(task: Any, **attributes: Any) -> Any:
    """Change a task as a cluster's policy does, after it was made."""
    for name, value in attributes.items():
        setattr(task, name, value)
    return task


ENDS = {
    "plain": (job, None),
    "a subclass that changes nothing": (lambda: job(OnlyLooksOtherwise), None),
    "a callback on failure": (lambda: job(on_failure_callback=print), None),
    "switched off": (lambda: job(end_in_triggerer=False), "switched off"),
    "a callback on success": (lambda: job(on_success_callback=print), "callback on success"),
    "a callback by policy": (lambda: set_on(job(), on_success_callback=[print]), "callback"),
    "outlets": (lambda: set_on(job(), outlets=["an asset"]), "outlets"),
    "inlets": (lambda: set_on(job(), inlets=["an asset"]), "inlets"),
    "a hook": (lambda: job(post_execute=print), "hook after"),
    "post_execute": (lambda: job(LooksBack), "own way"),
    "execute_complete": (lambda: job(EndsAsItLikes), "own way"),
    "multiple outputs": (lambda: job(multiple_outputs=True), "multiple outputs"),
    "a template of the map index": (lambda: job(map_index_template="{{ x }}"), "map index"),
    "links of others": (lambda: job(Linked), "links"),
    "cannot be told": (lambda: set_on(job(), inlets=SimpleNamespace(__bool__=1)), "inlets"),
}


@pytest.mark.parametrize(("make", "reason"), ENDS.values(), ids=ENDS.keys())
def test_what_a_worker_does_at_the_end_is_done_by_one(
    make: Callable[[], Any], reason: str | None
) -> None:
    found = why_a_worker_ends(make())
    assert (reason is None and found is None) or (reason is not None and reason in str(found))


def test_a_result_that_is_mapped_over_is_counted_by_a_worker() -> None:
    with dag():
        one = CreateReverseETLManualSyncOperator(
            task_id="one", source_id="w", model_id="m", subscription_id="x", deferrable=True
        )
        DbtCloudRunSensor.partial(task_id="each").expand(run_id=one.output)
    assert "mapped over" in str(why_a_worker_ends(one))


def test_a_listener_hears_of_successes_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "listens_to", lambda happening: happening.endswith("success"))
    assert "a listener" in str(why_a_worker_ends(job()))


@pytest.mark.parametrize(
    ("name", "value", "operator", "of_sensor"),
    [
        ("AIRFLOW__DBTSEGMENT__END_IN_TRIGGERER", "False", "switched off", "switched off"),
        ("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", "True", "Airflow forgets", "None"),
    ],
)
def test_the_configuration_decides(
    name: str, value: str, operator: str, of_sensor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert operator in str(why_a_worker_ends(job()))
    assert of_sensor in str(why_a_worker_ends(sensor()))


BEGINS = {
    "plain": (sensor, None),
    "templates": (lambda: sensor(run_id="{{ ti.xcom_pull('job') }} {{ params.x }}"), None),
    "a callback on success": (lambda: sensor(on_success_callback=print), None),
    "not deferred": (lambda: sensor(deferrable=False), "defer"),
    "switched off": (lambda: sensor(end_in_triggerer=False), "switched off"),
    "a macro of its own": (lambda: sensor(run_id="{{ mine }}"), "templates"),
    "a template that is none": (lambda: sensor(run_id="{{ mine"), "templates"),
    "a list": (lambda: sensor(run_id=["{{ run_id }}"]), "templates"),
    "a callback on execution": (lambda: sensor(on_execute_callback=print), "on execution"),
    "a hook": (lambda: sensor(pre_execute=print), "hook before"),
    "pre_execute": (lambda: sensor(LooksAround), "own way"),
    "a pool": (lambda: sensor(pool="narrow"), "pool"),
    "parameters": (lambda: sensor(params={"x": 1}), "parameters"),
}


@FROM_3_3
@pytest.mark.parametrize(("make", "reason"), BEGINS.values(), ids=BEGINS.keys())
def test_what_a_worker_does_at_the_beginning_is_done_by_one(
    make: Callable[[], Any], reason: str | None
) -> None:
    task = make()
    found = why_a_worker_begins(task)
    assert (reason is None and found is None) or (reason is not None and reason in str(found))
    assert task.start_from_trigger == (reason is None)
    assert (task.start_trigger_args is None) == (reason is not None)


@FROM_3_3
def test_a_mapped_sensor_begins_in_a_worker() -> None:
    with dag():
        mapped: Any = DbtCloudRunSensor.partial(task_id="each", deferrable=True).expand(
            run_id=[1, 2]
        )
    assert (mapped.start_from_trigger, mapped.start_trigger_args) == (False, None)


@FROM_3_3
def test_the_earlier_time_out_travels_with_the_sensor() -> None:
    begins = sensor(timeout=5).start_trigger_args.trigger_kwargs["begins"]
    assert begins["limit"] == 5
    hour = timedelta(hours=1)
    args = sensor(timeout=1e6, execution_timeout=hour).start_trigger_args
    assert args.trigger_kwargs["begins"] == {"limit": 3570, "whole": 3600}
    assert args.next_kwargs["awaited"]["by_airflow"] is True
    # Airflow's own time-out is the one that it would set by itself.
    assert args.timeout is None


@FROM_3_3
def test_what_the_trigger_is_given_is_what_it_takes() -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    with dag() as whole:
        DbtCloudRunSensor(task_id="run", run_id="{{ params.x }}", deferrable=True)
        ReverseETLSyncSensor(task_id="sync", model_id="m", sync_id="s", deferrable=True)
        DbtCloudRunSensor(task_id="in_a_worker", run_id=1, deferrable=False)
    stored = DagSerialization.from_dict(DagSerialization.to_dict(whole))
    assert [stored.get_task(name).start_from_trigger for name in ("run", "sync")] == [True, True]
    assert not stored.get_task("in_a_worker").start_from_trigger
