"""A large pipeline, which never runs: the tests write what its runs would have left."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

with DAG("large_pipeline", schedule=None, is_paused_upon_creation=True):
    build = TriggerDbtJobOperator(task_id="build", job_id=1000)
    for number in range(50):
        build >> CreateReverseETLManualSyncOperator(
            task_id=f"sync_{number:02d}",
            source_id="shop_warehouse",
            model_id="customers",
            subscription_id=f"mapping_{number:02d}",
        )
