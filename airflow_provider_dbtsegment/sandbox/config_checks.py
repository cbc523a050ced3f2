"""What a ``sandbox.yml`` must not say although each value alone is fine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.sandbox.config_reader import ConfigError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.commands import CommandError, words

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.config import Config, JobConfig, ProjectConfig


def check_config(config: Config, path: Path) -> None:
    """Check what one part of the configuration says about another.

    :raises ConfigError: with the file and the key.
    """
    if not config.dbt_cloud.projects:
        raise ConfigError(f"{path}: dbt_cloud: projects: is empty; list at least one project.")
    if config.dbt_cloud.account.run_slots < 1:
        raise ConfigError(f"{path}: dbt_cloud: account: run_slots: must be at least 1.")
    projects = config.dbt_cloud.projects
    _check_unique("project", [project.id for project in projects], path)
    _check_unique("environment", [one.id for p in projects for one in p.environments], path)
    _check_unique("job", [one.id for p in projects for one in p.jobs], path)
    for project in projects:
        _check_schemas(project, Path(config.warehouse.database).stem, path)
        for job in project.jobs:
            _check_job(job, project, path)


def _check_schemas(project: ProjectConfig, database: str, path: Path) -> None:
    for environment in project.environments:
        if environment.schema == database:
            raise ConfigError(
                f"{path}: environment {environment.id}: schema: {database} is also the name of "
                "the database file, which DuckDB cannot tell apart; rename one."
            )


def _check_job(job: JobConfig, project: ProjectConfig, path: Path) -> None:
    known = [environment.id for environment in project.environments]
    if job.environment_id not in known:
        raise ConfigError(
            f"{path}: job {job.id}: environment_id {job.environment_id} is not an environment of "
            f"project {project.id}; use one of {known}."
        )
    if not job.execute_steps:
        raise ConfigError(f"{path}: job {job.id}: execute_steps: is empty; add a dbt command.")
    for command in job.execute_steps:
        try:
            words(command)
        except CommandError as error:
            raise ConfigError(f"{path}: job {job.id}: execute_steps: {error}") from error


def _check_unique(noun: str, ids: list[int], path: Path) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ConfigError(f"{path}: {noun} id {twice[0]} is used twice; give each its own.")
