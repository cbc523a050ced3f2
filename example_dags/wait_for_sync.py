"""
Wait for a sync that Segment has started by its own schedule.

The newest sync of the mapping is looked up; the sensor waits until it has succeeded. If it failed,
delivered only a part, or took too long, what comes after it is skipped, not failed. Schedule the
DAG after Segment's: if today's sync has not begun yet, the newest one is yesterday's.

Connection: `segment_default` (type `segment_public_api`). The ids are those of the sandbox.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor

with DAG(
    dag_id="wait_for_sync",
    description="Wait for the newest sync of a mapping",
    schedule=None,
    # The sandbox is done within seconds; leave this out elsewhere.
    default_args={"poke_interval": 2},
    tags=["segment"],
    doc_md=__doc__,
) as dag:

    @task
    def newest_sync(model_id: str, subscription_id: str) -> str:
        """Return the newest sync of a mapping, whoever has started it."""
        from airflow_provider_dbtsegment.hooks.segment import SegmentHook

        syncs = SegmentHook().list_reverse_etl_sync_statuses_from_model_and_subscription_id(
            model_id, subscription_id, limit=1
        )
        for sync in syncs:
            return sync["syncId"]
        raise LookupError(f"Mapping {subscription_id} has never been synced.")

    ReverseETLSyncSensor(
        task_id="wait",
        model_id="customers",
        subscription_id="customers_to_crm",
        sync_id=newest_sync("customers", "customers_to_crm"),
        deferrable=True,
        soft_fail=True,
        timeout=timedelta(hours=2).total_seconds(),
    )
