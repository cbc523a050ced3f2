"""
Wait for a run that dbt Cloud has started by its own schedule.

The newest run of the job is looked up; the sensor waits until it has succeeded, and fails if it
ends otherwise. It is the newest run at that moment: if today's has not begun yet, that is
yesterday's, and the sensor succeeds at once. Schedule the DAG after the job.

Connection: `dbt_cloud_default` (type `dbt_cloud_admin`). The job is one of the sandbox.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor

with DAG(
    dag_id="wait_for_dbt_run",
    description="Wait for the newest run of a dbt Cloud job",
    schedule=None,
    # The sandbox is done within seconds; leave this out elsewhere.
    default_args={"poke_interval": 2},
    tags=["dbt"],
    doc_md=__doc__,
) as dag:

    @task
    def newest_run(job_id: int) -> int:
        """Return the newest run of a job, whoever has started it."""
        from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

        run = DbtCloudHook().get_most_recent_run(job_definition_id=job_id)
        if run is None:
            raise LookupError(f"Job {job_id} has never run.")
        return run["id"]

    DbtCloudRunSensor(
        task_id="wait",
        run_id=newest_run(1000),
        deferrable=True,
        timeout=timedelta(hours=4).total_seconds(),
    )
