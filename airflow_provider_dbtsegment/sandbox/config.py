"""What a ``sandbox.yml`` says, as frozen dataclasses."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.config_checks import check_config
from airflow_provider_dbtsegment.sandbox.config_reader import ConfigError, build, read_yaml

__all__ = [
    "AccountConfig",
    "Config",
    "ConfigError",
    "DbtCloudConfig",
    "EnvironmentConfig",
    "JobConfig",
    "ProjectConfig",
    "WarehouseConfig",
    "default_config",
    "load_config",
]


@dataclass(frozen=True)
class WarehouseConfig:
    """The DuckDB file, relative to the state folder, and how dbt opens it."""

    database: str = "warehouse.duckdb"
    settings: dict[str, Any] = field(default_factory=dict)
    extensions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AccountConfig:
    """The dbt Cloud account."""

    id: int = 1
    name: str = "Sandbox"
    run_slots: int = 2


@dataclass(frozen=True)
class EnvironmentConfig:
    """A deployment environment: where and how dbt builds."""

    id: int
    name: str
    schema: str
    target_name: str = "prod"
    threads: int = 4


@dataclass(frozen=True)
class JobConfig:
    """A dbt Cloud job; ``timeout_seconds`` 0 means no limit."""

    id: int
    name: str
    environment_id: int
    execute_steps: list[str]
    generate_docs: bool = False
    timeout_seconds: int = 0
    description: str = ""


@dataclass(frozen=True)
class ProjectConfig:
    """A dbt Cloud project; all of them build the one dbt project that the sandbox serves."""

    id: int
    name: str
    environments: list[EnvironmentConfig]
    jobs: list[JobConfig]


@dataclass(frozen=True)
class DbtCloudConfig:
    """The dbt Cloud side."""

    projects: list[ProjectConfig]
    token: str = "sandbox-dbt-token"  # noqa: S105 - no secret: it opens nothing but the sandbox
    account: AccountConfig = field(default_factory=AccountConfig)
    requests_per_minute: int = 5000


@dataclass(frozen=True)
class Config:
    """The whole sandbox. The Segment side reads its own part from ``segment``."""

    dbt_cloud: DbtCloudConfig
    warehouse: WarehouseConfig = field(default_factory=WarehouseConfig)
    segment: dict[str, Any] = field(default_factory=dict)


def load_config(project_dir: Path, path: Path | None = None) -> Config:
    """Read ``path``, else the project's ``sandbox.yml``, else make one job that builds the project.

    :raises ConfigError: when a file is missing, is no YAML, or says something unknown.
    """
    project = read_yaml(
        project_dir / "dbt_project.yml",
        f"Point --project to the folder of a dbt project; {project_dir} is none.",
    )
    if path is None:
        path = project_dir / "sandbox.yml"
        if not path.exists():
            return default_config(str(project.get("name", project_dir.name)))
    config = build(Config, read_yaml(path, "Check --config."), f"{path}: ")
    check_config(config, path)
    return config


def default_config(name: str) -> Config:
    """Make the configuration of a dbt project that brings none: one environment, one job."""
    return Config(
        warehouse=WarehouseConfig(database="warehouse.duckdb"),
        dbt_cloud=DbtCloudConfig(
            projects=[
                ProjectConfig(
                    id=10,
                    name=name,
                    environments=[EnvironmentConfig(id=100, name="Production", schema="main")],
                    jobs=[
                        JobConfig(
                            id=1000,
                            name=f"Build {name}",
                            environment_id=100,
                            execute_steps=["dbt build"],
                        )
                    ],
                )
            ]
        ),
    )
