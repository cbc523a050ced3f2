"""A dbt Cloud job and then two syncs, all of them deferred; the number says which syncs."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

#: Seconds between looks.
INTERVAL = 2

with DAG(
    "pipeline",
    schedule=None,
    params={"number": Param(0, type="integer"), "job": Param(1, type="integer")},
    max_active_runs=10_000,
    max_active_tasks=10_000,
    default_args={"retries": 4, "retry_delay": timedelta(seconds=2)},
) as dag:
    build = TriggerDbtJobOperator(
        task_id="build",
        job_id="{{ params.job }}",
        deferrable=True,
        poll_interval=INTERVAL,
    )
    for side in ("left", "right"):
        build >> CreateReverseETLManualSyncOperator(
            task_id=f"sync_{side}",
            source_id="warehouse",
            model_id="people",
            subscription_id=f"{side}_{{{{ params.number }}}}",
            deferrable=True,
            poll_interval=INTERVAL,
        )
