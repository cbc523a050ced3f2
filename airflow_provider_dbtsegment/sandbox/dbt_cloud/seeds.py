"""What the account has from the start: what ``sandbox.yml`` lists, a user, and the usual groups."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from airflow_provider_dbtsegment.sandbox.config import (
    AccountConfig,
    DbtCloudConfig,
    EnvironmentConfig,
    JobConfig,
    ProjectConfig,
)

Seed = tuple[str, dict[str, Any]]

ACTIVE = 1
OWNER = 1
GROUPS = ("Owner", "Member", "Everyone")


def seeds(config: DbtCloudConfig) -> Iterator[Seed]:
    """Yield kind and fields of each record."""
    account_id = config.account.id
    yield "accounts", account_fields(config.account)
    yield from _people(account_id)
    for project in config.projects:
        for kind, fields in _project(project):
            yield kind, {**fields, "account_id": account_id, "state": ACTIVE}


def account_fields(account: AccountConfig) -> dict[str, Any]:
    """Return the account."""
    return {
        "id": account.id,
        "name": account.name,
        "state": ACTIVE,
        "plan": "enterprise",
        "run_slots": account.run_slots,
        "developer_seats": 100,
        "read_only_seats": 100,
        "it_seats": 10,
        "lock_cause": "other",
        "identifier": str(account.id),
    }


def _people(account_id: int) -> Iterator[Seed]:
    for number, name in enumerate(GROUPS, 1):
        yield (
            "groups",
            {
                "id": number,
                "account_id": account_id,
                "name": name,
                "state": ACTIVE,
                "assign_by_default": name == "Everyone",
                "sso_mapping_groups": [],
            },
        )
    user = {"email": "sandbox@example.com", "first_name": "Sandbox", "last_name": "Owner"}
    yield "users", {"id": OWNER, **user, "is_active": True, "is_staff": False}
    license_type = {"license_type": "developer", "state": ACTIVE, "_group_ids": [1, 3]}
    yield "permissions", {"id": 1, "account_id": account_id, "user_id": OWNER, **license_type}


def _project(project: ProjectConfig) -> Iterator[Seed]:
    of_project = {"project_id": project.id}
    yield (
        "connections",
        {"id": project.id, "name": "DuckDB", "type": "postgres", "adapter_version": "postgres_v0"}
        | of_project,
    )
    yield (
        "repositories",
        {
            "id": project.id,
            "full_name": f"managed/{project.name}",
            "remote_backend": "managed",
            "git_clone_strategy": "deploy_key",
        }
        | of_project,
    )
    yield "projects", _project_fields(project)
    for environment in project.environments:
        yield "credentials", _credentials_fields(environment) | of_project
        yield "environments", _environment_fields(environment, project.id)
    by_id = {one.id: one for one in project.environments}
    for job in project.jobs:
        yield "jobs", _job_fields(job, by_id[job.environment_id]) | of_project


def _project_fields(project: ProjectConfig) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "description": "",
        "connection_id": project.id,
        "repository_id": project.id,
        "type": 0,
    }


def _credentials_fields(environment: EnvironmentConfig) -> dict[str, Any]:
    return {
        "id": environment.id,
        "type": "postgres",
        "username": "sandbox",
        "default_schema": environment.schema,
        "target_name": environment.target_name,
        "threads": environment.threads,
        "adapter_version": "postgres_v0",
    }


def _environment_fields(environment: EnvironmentConfig, project_id: int) -> dict[str, Any]:
    return {
        "id": environment.id,
        "project_id": project_id,
        "name": environment.name,
        "connection_id": project_id,
        "credentials_id": environment.id,
        "repository_id": project_id,
        "dbt_version": version("dbt-core"),
        "type": "deployment",
        "deployment_type": "production",
        "use_custom_branch": False,
        "supports_docs": True,
    }


def _job_fields(job: JobConfig, environment: EnvironmentConfig) -> dict[str, Any]:
    return {
        "id": job.id,
        "environment_id": job.environment_id,
        "name": job.name,
        "description": job.description,
        "execute_steps": list(job.execute_steps),
        "execution": {"timeout_seconds": job.timeout_seconds},
        "settings": {"threads": environment.threads, "target_name": environment.target_name},
        "generate_docs": job.generate_docs,
        "run_generate_sources": False,
        "job_type": "other",
        "triggers": {
            "github_webhook": False,
            "git_provider_webhook": False,
            "schedule": False,
            "on_merge": False,
        },
        "triggers_on_draft_pr": False,
        "lifecycle_webhooks": False,
        "run_compare_changes": False,
        "run_lint": False,
        "errors_on_lint_failure": True,
    }
