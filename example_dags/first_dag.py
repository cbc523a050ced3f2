"""
The shortest way from the warehouse to a tool: build the models, then sync one mapping.

Connections: `dbt_cloud_default` and `segment_default`. The ids are those of the sandbox.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

with DAG("first_dag", schedule=None, default_args={"deferrable": True, "poll_interval": 2}) as dag:
    build = TriggerDbtJobOperator(task_id="build", job_id=1000)

    sync = CreateReverseETLManualSyncOperator(
        task_id="sync",
        source_id="shop_warehouse",
        model_id="customers",
        subscription_id="customers_to_crm",
    )

    build >> sync
