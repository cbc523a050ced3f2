"""
Sync several mappings side by side: one mapped task, an instance for each mapping.

Each instance is launched once and retried by itself. Add a mapping by adding a line.

Connection: `segment_default` (type `segment_public_api`). The ids are those of the sandbox.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

MAPPINGS = [
    {"model_id": "customers", "subscription_id": "customers_to_crm"},
    {"model_id": "subscriptions", "subscription_id": "subscriptions_to_support"},
]

with DAG(
    dag_id="sync_all_mappings",
    description="Sync every mapping of the shop",
    schedule=None,
    # The sandbox is done within seconds; leave this out elsewhere.
    default_args={"poll_interval": 2},
    tags=["segment"],
    doc_md=__doc__,
) as dag:
    CreateReverseETLManualSyncOperator.partial(
        task_id="sync",
        source_id="shop_warehouse",
        deferrable=True,
    ).expand_kwargs(MAPPINGS)
