"""A pipeline of somebody else: a job that only parses, and one sync."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

with DAG("other_pipeline", schedule=None, tags=["other"]):
    parse = TriggerDbtJobOperator(
        task_id="parse",
        job_id=1000,
        steps_override=["dbt parse"],
        deferrable=True,
        poll_interval=1,
    )
    sync = CreateReverseETLManualSyncOperator(
        task_id="sync",
        source_id="shop_warehouse",
        model_id="customers",
        subscription_id="customers_to_crm",
        deferrable=True,
        poll_interval=1,
    )
    parse >> sync
