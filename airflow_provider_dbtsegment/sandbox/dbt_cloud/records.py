"""Runs, steps and triggers as they are kept. A change makes a new record."""

from dataclasses import dataclass
from datetime import datetime

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status


@dataclass(frozen=True)
class Trigger:
    """Why a run was made, and what it does differently from its job."""

    id: int
    cause: str
    cause_category: str = "api"
    git_sha: str | None = None
    git_branch: str | None = None
    azure_pull_request_id: int | None = None
    github_pull_request_id: int | None = None
    gitlab_merge_request_id: int | None = None
    non_native_pull_request_id: int | None = None
    schema_override: str | None = None
    dbt_version_override: str | None = None
    threads_override: int | None = None
    target_name_override: str | None = None
    generate_docs_override: bool | None = None
    timeout_seconds_override: int | None = None
    steps_override: list[str] | None = None


@dataclass(frozen=True)
class Step:
    """One step of a run; ``command`` is the dbt command, if it is one."""

    id: int
    run_id: int
    index: int
    name: str
    created_at: datetime
    updated_at: datetime
    command: str | None = None
    status: Status = Status.QUEUED
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """One run of a job; ``retrying_run_id`` is the failed run that this one resumes.

    :param triggered_by: whose token started it; None for what dbt Cloud starts by itself.
    :param cancelled_by: whose token cancelled it; None for what dbt Cloud cancels by itself.
    """

    id: int
    project_id: int
    environment_id: int
    job_id: int
    trigger: Trigger
    created_at: datetime
    updated_at: datetime
    steps: tuple[Step, ...] = ()
    status: Status = Status.QUEUED
    status_message: str | None = None
    git_branch: str | None = None
    git_sha: str | None = None
    dbt_version: str | None = None
    dequeued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retrying_run_id: int | None = None
    artifacts_saved: bool = False
    has_docs_generated: bool = False
    has_sources_generated: bool = False
    triggered_by: Actor | None = None
    cancelled_by: Actor | None = None
