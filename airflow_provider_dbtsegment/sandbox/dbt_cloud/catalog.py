"""What the account has besides runs: projects, environments and jobs."""

from dataclasses import dataclass

from airflow_provider_dbtsegment.sandbox.config import (
    AccountConfig,
    DbtCloudConfig,
    EnvironmentConfig,
    JobConfig,
    ProjectConfig,
)


@dataclass(frozen=True)
class Environment:
    """An environment, and the project that it belongs to."""

    config: EnvironmentConfig
    project_id: int

    @property
    def id(self) -> int:
        """The environment's id."""
        return self.config.id

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.config.name


@dataclass(frozen=True)
class Job:
    """A job, and the project that it belongs to."""

    config: JobConfig
    project_id: int

    @property
    def id(self) -> int:
        """The job's id."""
        return self.config.id

    @property
    def name(self) -> str:
        """The job's name."""
        return self.config.name

    @property
    def environment_id(self) -> int:
        """The environment that the job builds in."""
        return self.config.environment_id


class Catalog:
    """Projects, environments and jobs by id."""

    def __init__(self, config: DbtCloudConfig) -> None:
        self.account: AccountConfig = config.account
        self.projects: dict[int, ProjectConfig] = {one.id: one for one in config.projects}
        self.environments: dict[int, Environment] = {
            one.id: Environment(one, project.id)
            for project in config.projects
            for one in project.environments
        }
        self.jobs: dict[int, Job] = {
            one.id: Job(one, project.id) for project in config.projects for one in project.jobs
        }
