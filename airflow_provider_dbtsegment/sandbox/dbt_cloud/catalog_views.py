"""The account, projects, environments and jobs as the API shows them."""

from typing import Any

from airflow_provider_dbtsegment.sandbox.config import AccountConfig, ProjectConfig
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Environment, Job

ACTIVE = 1


def account_fields(account: AccountConfig, since: str) -> dict[str, Any]:
    """Show the account."""
    return {
        "id": account.id,
        "name": account.name,
        "state": ACTIVE,
        "plan": "enterprise",
        "run_slots": account.run_slots,
        "developer_seats": 1,
        "read_only_seats": 0,
        "it_seats": 0,
        "locked": False,
        "lock_reason": None,
        "lock_cause": None,
        "unlocked_at": None,
        "pending_cancel": False,
        "run_duration_limit_seconds": 86400,
        "queue_limit": 50,
        "groups": [],
        "created_at": since,
        "updated_at": since,
    }


def project_fields(project: ProjectConfig, account_id: int, since: str) -> dict[str, Any]:
    """Show a project."""
    return {
        "id": project.id,
        "name": project.name,
        "account_id": account_id,
        "description": "",
        "connection_id": project.id,
        "repository_id": project.id,
        "semantic_layer_config_id": None,
        "dbt_project_subdirectory": None,
        "docs_job_id": None,
        "freshness_job_id": None,
        "type": 0,
        "state": ACTIVE,
        "created_at": since,
        "updated_at": since,
    }


def environment_fields(
    environment: Environment, account_id: int, since: str, dbt_version: str
) -> dict[str, Any]:
    """Show an environment."""
    return {
        "id": environment.id,
        "account_id": account_id,
        "project_id": environment.project_id,
        "name": environment.name,
        "connection_id": environment.project_id,
        "credentials_id": environment.id,
        "repository_id": environment.project_id,
        "extended_attributes_id": None,
        "dbt_version": dbt_version,
        "raw_dbt_version": dbt_version,
        "type": "deployment",
        "deployment_type": "production",
        "use_custom_branch": False,
        "custom_branch": None,
        "supports_docs": True,
        "dbt_project_subdirectory": None,
        "is_deferrable": False,
        "state": ACTIVE,
        "created_at": since,
        "updated_at": since,
    }


def job_fields(job: Job, environment: Environment, account_id: int, since: str) -> dict[str, Any]:
    """Show a job."""
    return {
        "id": job.id,
        "account_id": account_id,
        "project_id": job.project_id,
        "environment_id": job.environment_id,
        "name": job.name,
        "description": job.config.description,
        "execute_steps": list(job.config.execute_steps),
        "execution": {"timeout_seconds": job.config.timeout_seconds},
        "settings": {
            "threads": environment.config.threads,
            "target_name": environment.config.target_name,
        },
        "generate_docs": job.config.generate_docs,
        "run_generate_sources": False,
        "dbt_version": None,
        "raw_dbt_version": None,
        "deferring_environment_id": None,
        "deferring_job_definition_id": None,
        "job_type": "other",
        "triggers": {
            "github_webhook": False,
            "git_provider_webhook": False,
            "schedule": False,
            "on_merge": False,
        },
        "triggers_on_draft_pr": False,
        "job_completion_trigger_condition": None,
        "schedule": None,
        "lifecycle_webhooks": False,
        "lifecycle_webhooks_url": None,
        "run_compare_changes": False,
        "run_lint": False,
        "errors_on_lint_failure": True,
        "is_deferrable": False,
        "state": ACTIVE,
        "created_at": since,
        "updated_at": since,
    }
