"""
Keep what dbt knows of the project: parse it in dbt Cloud, and store the manifest.

The job's own steps are replaced for this run. The manifest is streamed, however large it is, and
appears as a whole or not at all.

Connection: `dbt_cloud_default` (type `dbt_cloud_admin`). The job is one of the sandbox.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator

with DAG(
    dag_id="keep_artifacts",
    description="Store the manifest of the dbt project",
    schedule=None,
    # The sandbox is done within seconds; leave this out elsewhere.
    default_args={"poll_interval": 2},
    params={
        "folder": Param(
            "/tmp/dbt-artifacts",  # noqa: S108 - an example
            type="string",
            description="Where to: a path, or an address such as s3://aws_default@lake/dbt.",
        ),
    },
    tags=["dbt"],
    doc_md=__doc__,
) as dag:
    parse = TriggerDbtJobOperator(
        task_id="parse",
        job_id=1000,
        steps_override=["dbt parse"],
        deferrable=True,
    )

    keep_manifest = GetDbtRunArtifactOperator(
        task_id="keep_manifest",
        run_id=parse.output,
        path="manifest.json",
        output_path="{{ params.folder }}/{{ run_id }}/manifest.json",
    )
