"""Runs and steps as the API shows them."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import RunFolder, truncated
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status


def run_path(account_id: int, run: Run) -> str:
    """Return the path of the run's page."""
    return f"/deploy/{account_id}/projects/{run.project_id}/runs/{run.id}"


def run_fields(run: Run, account_id: int, at: datetime) -> dict[str, Any]:
    """Show what a run says of itself at a time; nothing related, nothing that others must know."""
    ended = run.finished_at or at
    created, queued, running = (
        ended - run.created_at,
        (run.started_at or ended) - run.created_at,
        ended - run.started_at if run.started_at else timedelta(),
    )
    return {
        "id": run.id,
        "trigger_id": run.trigger.id,
        "account_id": account_id,
        "environment_id": run.environment_id,
        "project_id": run.project_id,
        "job_definition_id": run.job_id,
        "job_id": run.job_id,
        "status": int(run.status),
        "status_humanized": run.status.humanized,
        "status_message": run.status_message,
        "in_progress": not run.status.is_terminal,
        "is_running": run.status is Status.RUNNING,
        "is_complete": run.status.is_terminal,
        "is_success": run.status is Status.SUCCESS,
        "is_error": run.status is Status.ERROR,
        "is_cancelled": run.status is Status.CANCELLED,
        "dbt_version": run.dbt_version,
        "git_branch": run.git_branch,
        "git_sha": run.git_sha,
        "owner_thread_id": None,
        "executed_by_thread_id": None,
        "deferring_run_id": None,
        "artifacts_saved": run.artifacts_saved,
        "artifact_s3_path": None,
        "has_docs_generated": run.has_docs_generated,
        "has_sources_generated": run.has_sources_generated,
        "notifications_sent": False,
        "created_at": times.text(run.created_at),
        "updated_at": times.text(run.updated_at),
        "dequeued_at": times.text(run.dequeued_at),
        "started_at": times.text(run.started_at),
        "finished_at": times.text(run.finished_at),
        "last_checked_at": None,
        "last_heartbeat_at": times.text(at) if run.status is Status.RUNNING else None,
        "should_start_at": times.text(run.created_at),
        "duration": times.clock(created),
        "duration_humanized": times.humanized(created),
        "queued_duration": times.clock(queued),
        "queued_duration_humanized": times.humanized(queued),
        "run_duration": times.clock(running),
        "run_duration_humanized": times.humanized(running),
        "created_at_humanized": _ago(at, run.created_at),
        "finished_at_humanized": _ago(at, run.finished_at) if run.finished_at else "0 minutes ago",
        "retrying_run_id": run.retrying_run_id,
        "used_repo_cache": False,
        "deprecation": None,
        "audit": None,
        "trigger": None,
        "job": None,
        "environment": None,
        "run_steps": None,
    }


def trigger_fields(run: Run) -> dict[str, Any]:
    """Show why a run was made."""
    return {
        **asdict(run.trigger),
        "job_definition_id": run.job_id,
        "created_at": times.text(run.created_at),
    }


def audit_fields(run: Run) -> dict[str, Any]:
    """Show who started a run, and who cancelled it; an event without an actor is dbt Cloud's."""
    is_cancelled = run.status is Status.CANCELLED
    return {
        "trigger": {"actor": _actor_fields(run.triggered_by)},
        "cancellation": {"actor": _actor_fields(run.cancelled_by)} if is_cancelled else None,
    }


def _actor_fields(actor: Actor | None) -> dict[str, str] | None:
    if actor is None:
        return None
    return {"id": str(actor.id), "type": actor.kind, "name": actor.name}


def step_fields(
    step: Step, account_id: int, folder: RunFolder, at: datetime, *, whole_debug_log: bool
) -> dict[str, Any]:
    """Show a step at a time, with its logs."""
    length = (step.finished_at or at) - step.started_at if step.started_at else timedelta()
    debug_log = folder.read_debug_log(step.index)
    short = truncated(debug_log)
    return {
        "id": step.id,
        "run_id": step.run_id,
        "account_id": account_id,
        "index": step.index,
        "name": step.name,
        "status": int(step.status),
        "status_humanized": step.status.humanized,
        "status_color": step.status.color,
        "logs": folder.read_log(step.index),
        "debug_logs": debug_log if whole_debug_log else short,
        "truncated_debug_logs": short,
        "log_path": None,
        "debug_log_path": None,
        "created_at": times.text(step.created_at),
        "updated_at": times.text(step.updated_at),
        "started_at": times.text(step.started_at),
        "finished_at": times.text(step.finished_at),
        "duration": times.clock(length),
        "duration_humanized": times.humanized(length),
        "run_step_command": {"run_step_id": step.id, "dbt_command": step.command or ""},
        "run_step_invocation": {"run_step_id": step.id, "run_id": step.run_id},
    }


def _ago(at: datetime, then: datetime) -> str:
    return f"{times.humanized(at - then)} ago"
