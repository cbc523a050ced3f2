"""Calls as users write them: mypy in strict mode accepts this file, and infers these types."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath
from typing_extensions import assert_type

from airflow_provider_dbtsegment.compat import BaseOperator
from airflow_provider_dbtsegment.dbt_cloud.types import Job, Run
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.rest.listing import Listing
from airflow_provider_dbtsegment.segment.types import StartedSync, SyncStatus
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor


def failed_runs(job_id: int) -> list[int]:
    """Read lists lazily, with filters that are completed and checked."""
    hook = DbtCloudHook("dbt_cloud_default")
    runs = hook.list_runs(job_definition_id=job_id, status="error", order_by="-id", limit=10)
    assert_type(runs, Listing[Run])
    assert_type(runs[0], Run)
    assert_type(runs[:3], list[Run])
    assert_type(hook.get_most_recent_run(project_id=[1, 2]), Run | None)
    return [run["id"] for run in runs if run.get("can_retry")]


def clone_job(job_id: int) -> int:
    """Create, change and delete things."""
    hook = DbtCloudHook()
    job = hook.get_job(job_id, include_related=["environment"])
    assert_type(job, Job)
    clone = hook.create_job({"name": f"{job['name']} again"}, account_id=7)
    run = hook.trigger_job(clone["id"], {"cause": "a try"}, retries=2, poll_interval=5)
    assert_type(run, Run)
    assert_type(hook.list_environments(10, name_contains="prod"), Listing[dict[str, Any]])
    hook.delete_job(clone["id"])
    with Path("manifest.json").open("wb") as file:
        assert_type(hook.download_run_artifact(run["id"], "manifest.json", file), int)
    stored = ObjectStoragePath("s3://bucket/manifest.json")
    for path in ("manifest.json", Path("manifest.json"), stored):
        hook.download_run_artifact(run["id"], "manifest.json", path)
    size = hook.read_run_artifact(run["id"], "manifest.json", lambda file: len(file.read()))
    assert_type(size, int)
    return run["id"]


def sync(model_id: str) -> str:
    """Use Segment."""
    hook = SegmentHook()
    started = hook.create_reverse_etl_manual_sync("source", model_id, "mapping")
    assert_type(started, StartedSync)
    status = hook.get_reverse_etl_sync_status(model_id, started["syncId"])
    assert_type(status, SyncStatus)
    hook.update_reverse_etl_model(
        model_id, schedule_strategy="PERIODIC", schedule_config={"interval": "1h"}
    )
    return started["syncId"]


def tasks() -> list[BaseOperator]:
    """Make tasks."""
    build = TriggerDbtJobOperator(
        task_id="build",
        job_id="{{ params.job_id }}",
        poll_interval=timedelta(minutes=1),
        timeout=timedelta(hours=2),
        fault_budget=None,
        retry_cancelled=True,
    )
    return [
        build,
        CreateReverseETLManualSyncOperator(
            task_id="sync",
            source_id="source",
            model_id="model",
            subscription_id="mapping",
            partial_success="warn",
            max_rejected_rows="5%",
            fault_budget=600,
        ),
        GetDbtRunArtifactOperator(
            task_id="keep",
            run_id="{{ ti.xcom_pull('build') }}",
            path="manifest.json",
            output_path=ObjectStoragePath("s3://bucket/manifest.json", conn_id="lake"),
        ),
        DbtCloudRunSensor(task_id="run", run_id=7, fault_budget=timedelta(hours=1)),
        DbtCloudRunSensor(task_id="run_of_build", run_id=build.output),
        ReverseETLSyncSensor(task_id="sensor", model_id="model", sync_id="sync", deferrable=True),
    ]


def wrong_calls(hook: DbtCloudHook, segment: SegmentHook) -> None:
    """Let mypy refuse what cannot work: a comment that it does not need would fail the check."""
    hook.get_run("seven")  # type: ignore[arg-type]
    hook.list_runs(job=7)  # type: ignore[call-arg]
    segment.update_reverse_etl_model("m", schedule_strategy="SOMETIMES")  # type: ignore[arg-type]
    ReverseETLSyncSensor(
        task_id="sensor",
        model_id="model",
        sync_id="sync",
        partial_success="sometimes",  # type: ignore[arg-type]
    )
