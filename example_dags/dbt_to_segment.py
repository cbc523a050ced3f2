"""
From the warehouse to the tools where people work, in one DAG.

dbt Cloud builds the models, Segment learns which models there are now, and two Reverse ETL syncs
carry customers into the CRM and subscriptions to the support desk. While dbt Cloud and Segment
work, no worker is occupied: the triggerer waits for all of them.

Connections: `dbt_cloud_default` (type `dbt_cloud_admin`) and `segment_default` (type
`segment_public_api`). The ids below are those of the sandbox; put your own in their place.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import (
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
)

SOURCE_ID = "shop_warehouse"

# How often to look, in seconds. The sandbox is done within seconds; leave this out elsewhere.
POLL_INTERVAL = 2

with DAG(
    dag_id="dbt_to_segment",
    description="Build the models in dbt Cloud and sync them with Segment's Reverse ETL",
    schedule=None,
    params={
        "job_id": Param(1000, type="integer", title="dbt Cloud job", description="Its id."),
    },
    tags=["dbt", "segment"],
    doc_md=__doc__,
) as dag:
    build_models = TriggerDbtJobOperator(
        task_id="build_models",
        job_id="{{ params.job_id }}",
        deferrable=True,
        poll_interval=POLL_INTERVAL,
    )

    refresh_segment_models = TriggerDbtModelSyncOperator(
        task_id="refresh_segment_models",
        source_id=SOURCE_ID,
    )

    sync_customers = CreateReverseETLManualSyncOperator(
        task_id="sync_customers",
        source_id=SOURCE_ID,
        model_id="customers",
        subscription_id="customers_to_crm",
        deferrable=True,
        poll_interval=POLL_INTERVAL,
    )

    sync_subscriptions = CreateReverseETLManualSyncOperator(
        task_id="sync_subscriptions",
        source_id=SOURCE_ID,
        model_id="subscriptions",
        subscription_id="subscriptions_to_support",
        deferrable=True,
        poll_interval=POLL_INTERVAL,
    )

    build_models >> refresh_segment_models >> [sync_customers, sync_subscriptions]
