"""What dbt finds around it: its profile, and the environment variables that dbt Cloud sets."""

from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.config import WarehouseConfig
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Environment, Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run


def profile_of(
    run: Run, job: Job, environment: Environment, database: Path, config: WarehouseConfig
) -> tuple[str, dict[str, Any]]:
    """Return the name of the run's target and its settings, with the run's overrides."""
    attributes = environment.attributes
    output: dict[str, Any] = {
        **attributes,
        "type": "duckdb",
        "path": str(database),
        "schema": run.trigger.schema_override or attributes.get("schema") or environment.schema,
        "threads": run.trigger.threads_override or attributes.get("threads") or job.threads,
    }
    if config.settings:
        output["settings"] = dict(config.settings)
    if config.extensions:
        output["extensions"] = list(config.extensions)
    return run.trigger.target_name_override or job.target_name, output


def variables_of(
    run: Run, account_id: int, own: dict[str, str], profiles: Path, logs: Path
) -> dict[str, str]:
    """Return the environment variables of a run's dbt commands.

    :param own: those that people have set for the job.
    """
    about = {
        "DBT_CLOUD_ACCOUNT_ID": str(account_id),
        "DBT_CLOUD_ENVIRONMENT_ID": str(run.environment_id),
        "DBT_CLOUD_JOB_ID": str(run.job_id),
        "DBT_CLOUD_PROJECT_ID": str(run.project_id),
        "DBT_CLOUD_RUN_ID": str(run.id),
        "DBT_CLOUD_RUN_REASON": run.trigger.cause,
        "DBT_CLOUD_RUN_REASON_CATEGORY": run.trigger.cause_category,
    }
    return {
        **own,
        **about,
        # dbt copies these into the metadata of its artifacts.
        **{f"DBT_ENV_CUSTOM_ENV_{name}": value for name, value in about.items()},
        "DBT_PROFILES_DIR": str(profiles),
        "DBT_TARGET_PATH": "target",
        "DBT_LOG_PATH": str(logs),
    }
