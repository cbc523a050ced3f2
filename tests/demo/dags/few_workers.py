"""Deferred tasks that need one worker process, none, or two as ever."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor

DEFERRED: dict[str, Any] = {"deferrable": True, "poke_interval": 1}
PARSE = {"job_id": 1000, "steps_override": ["dbt parse"], "deferrable": True, "poll_interval": 1}


def tell(context: Any) -> None:
    """Leave behind that the callback has run, in a worker."""
    context["ti"].xcom_push(key="called", value=True)


with DAG("few_workers", schedule=None):
    job = TriggerDbtJobOperator(task_id="job", job_id=1000, deferrable=True, poll_interval=1)
    TriggerDbtJobOperator(task_id="with_two_workers", end_in_triggerer=False, **PARSE)
    TriggerDbtJobOperator(task_id="with_callback", on_success_callback=tell, **PARSE)
    broken = TriggerDbtJobOperator(task_id="broken", job_id=1001, wait_for_termination=False)
    DbtCloudRunSensor(task_id="of_output", run_id=job.output, **DEFERRED)
    of_xcom = DbtCloudRunSensor(
        task_id="of_xcom", run_id="{{ ti.xcom_pull('job', key='run_id') }}", **DEFERRED
    )
    DbtCloudRunSensor(
        task_id="sensor_with_callback", run_id=job.output, on_success_callback=tell, **DEFERRED
    )
    of_each = DbtCloudRunSensor.partial(task_id="of_each", **DEFERRED).expand(
        run_id=["{{ ti.xcom_pull('job') }}"]
    )
    of_nonsense = DbtCloudRunSensor(
        task_id="of_nonsense", run_id="run {{ ti.xcom_pull('job') }}", **DEFERRED
    )
    of_broken = DbtCloudRunSensor(task_id="of_broken", run_id=broken.output, **DEFERRED)
    sync = CreateReverseETLManualSyncOperator(
        task_id="sync",
        source_id="shop_warehouse",
        model_id="customers",
        subscription_id="customers_to_crm",
        deferrable=True,
        poll_interval=1,
    )
    ReverseETLSyncSensor(task_id="of_sync", model_id="customers", sync_id=sync.output, **DEFERRED)
    job >> [of_xcom, of_each, of_nonsense, sync]
