"""Every task that waits, once in a worker and once deferred."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor

SLOW = {"source_id": "warehouse", "model_id": "everybody", "subscription_id": "slow"}

with DAG("both_modes", schedule=None) as dag:
    before = None
    for mode, deferrable in (("worker", False), ("deferred", True)):
        polls = {"deferrable": deferrable, "poll_interval": 1}
        pokes = {"deferrable": deferrable, "poke_interval": 1}
        build = TriggerDbtJobOperator(task_id=f"build_{mode}", job_id=1, **polls)
        start = TriggerDbtJobOperator(
            task_id=f"start_{mode}",
            job_id=1,
            steps_override=["dbt build --exclude slow"] * 3,
            wait_for_termination=False,
        )
        sense_run = DbtCloudRunSensor(task_id=f"sense_run_{mode}", run_id=start.output, **pokes)
        sync = CreateReverseETLManualSyncOperator(task_id=f"sync_{mode}", **SLOW, **polls)
        start_sync = CreateReverseETLManualSyncOperator(
            task_id=f"start_sync_{mode}", wait_for_completion=False, **SLOW
        )
        sense_sync = ReverseETLSyncSensor(
            task_id=f"sense_sync_{mode}", model_id="everybody", sync_id=start_sync.output, **pokes
        )
        build >> start >> sense_run >> sync >> start_sync >> sense_sync
        if before is not None:
            before >> build
        before = sense_sync
