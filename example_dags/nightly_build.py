"""
Build the models every night, and say in the morning what was built.

A later try does not begin anew: it goes on from the models that failed. The summary that the build
leaves behind is an XCom like any other, so any task can use it.

Connection: `dbt_cloud_default` (type `dbt_cloud_admin`). The names are those of the sandbox.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator

with DAG(
    dag_id="nightly_build",
    description="Build the shop in dbt Cloud",
    schedule=None,  # such as "0 3 * * *"
    # The sandbox is done within seconds. Leave the intervals out elsewhere: 30 seconds are good.
    default_args={"poll_interval": 2},
    tags=["dbt"],
    doc_md=__doc__,
) as dag:
    build = TriggerDbtJobOperator(
        task_id="build",
        project_name="Shop",
        environment_name="Production",
        job_name="Build shop",
        cause="Nightly build, {{ run_id }}",
        deferrable=True,
        timeout=timedelta(hours=4),
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_from_failure=True,
    )

    @task
    def report(summary: dict[str, Any]) -> str:
        """Say how many nodes there were of each status, and how long it took."""
        counts = ", ".join(f"{number} {status}" for status, number in summary["nodes"].items())
        return f"{counts} in {summary['duration']:.0f} s: {summary['run_url']}"

    report(build.output["run_summary"])
