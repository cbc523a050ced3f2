"""The dbt Cloud side as one object: what routes ask."""

from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.config import Config
from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.dbt_cloud import catalog_views, times, views
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Catalog, Environment, Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import RunStore, now
from airflow_provider_dbtsegment.sandbox.dbt_cloud.runs import RunService
from airflow_provider_dbtsegment.sandbox.dbt_cloud.workshop import Workshop
from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse


class DbtCloud:
    """One account of dbt Cloud."""

    def __init__(
        self,
        config: Config,
        state_dir: Path,
        project_dir: Path,
        warehouse: Warehouse,
        dbt: DbtClient,
    ) -> None:
        self.config = config.dbt_cloud
        self.catalog = Catalog(config.dbt_cloud)
        self.account_id = config.dbt_cloud.account.id
        self._since = str(times.text(now()))
        self.runs = RunService(
            self.catalog,
            Workshop(
                store=RunStore(state_dir / "runs"),
                dbt=dbt,
                warehouse=warehouse,
                warehouse_config=config.warehouse,
                account_id=self.account_id,
                state_dir=state_dir,
                project_dir=project_dir,
            ),
        )

    def stop(self) -> None:
        """End all runs; their processes are gone afterwards."""
        self.runs.stop()

    def show_account(self) -> dict[str, Any]:
        """Show the account."""
        return catalog_views.account_fields(self.catalog.account, self._since)

    def show_project(self, project_id: int) -> dict[str, Any]:
        """Show a project."""
        project = self.catalog.projects[project_id]
        return catalog_views.project_fields(project, self.account_id, self._since)

    def show_environment(self, environment: Environment) -> dict[str, Any]:
        """Show an environment."""
        return catalog_views.environment_fields(
            environment, self.account_id, self._since, version("dbt-core")
        )

    def show_job(
        self, job: Job, related: Collection[str] = (), base_url: str = ""
    ) -> dict[str, Any]:
        """Show a job with what is asked for."""
        environment = self.catalog.environments[job.environment_id]
        shown = catalog_views.job_fields(job, environment, self.account_id, self._since)
        if "environment" in related:
            shown["environment"] = self.show_environment(environment)
        for name, completed in (("most_recent_run", False), ("most_recent_completed_run", True)):
            if name in related:
                run = self.runs.most_recent(job, completed=completed)
                shown[name] = None if run is None else self.show_run(run, base_url, set())
        return shown

    def show_run(self, run: Run, base_url: str, related: set[str]) -> dict[str, Any]:
        """Show a run with what is asked for.

        :param base_url: where the caller reached the sandbox; the run's page is below it.
        """
        reason = self.runs.why_no_retry(run)
        shown = {
            **views.run_fields(run, self.account_id),
            "blocked_by": self.runs.blocked_by(run),
            "can_retry": reason is None,
            "retry_not_supported_reason": reason,
            "href": base_url.rstrip("/") + views.run_path(self.account_id, run),
        }
        if "trigger" in related:
            shown["trigger"] = views.trigger_fields(run)
        if "job" in related and run.job_id in self.catalog.jobs:
            shown["job"] = self.show_job(self.catalog.jobs[run.job_id])
        if "environment" in related and run.environment_id in self.catalog.environments:
            environment = self.catalog.environments[run.environment_id]
            shown["environment"] = self.show_environment(environment)
        if "run_steps" in related or "debug_logs" in related:
            shown["run_steps"] = [self.show_step(run, step, related) for step in run.steps]
        return shown

    def show_step(self, run: Run, step: Step, related: set[str]) -> dict[str, Any]:
        """Show a step with its logs, the debug log as a whole when that is asked for."""
        return views.step_fields(
            step,
            self.account_id,
            self.runs.folder(run),
            whole_debug_log="debug_logs" in related,
        )
