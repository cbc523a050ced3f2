"""
Carry the customers into the CRM, which may reject a few of them.

Some addresses are always wrong, and Segment sends such rows again in each sync. Up to one in a
hundred new rows may be rejected, and at most 50 rows in all: the task then succeeds with a warning
in its log. Otherwise it fails.

Connection: `segment_default` (type `segment_public_api`). The ids are those of the sandbox.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator

with DAG(
    dag_id="sync_customers",
    description="Sync customers into the CRM",
    schedule=None,
    # The sandbox is done within seconds; leave this out elsewhere.
    default_args={"poll_interval": 2},
    tags=["segment"],
    doc_md=__doc__,
) as dag:
    sync = CreateReverseETLManualSyncOperator(
        task_id="sync",
        source_id="shop_warehouse",
        model_id="customers",
        subscription_id="customers_to_crm",
        partial_success="warn",
        max_rejected_rows="1%, at most 50",
        deferrable=True,
        timeout=timedelta(hours=2),
    )
