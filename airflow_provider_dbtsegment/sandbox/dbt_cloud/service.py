"""The dbt Cloud side as one object: what routes ask."""

import secrets
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.config import Config
from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.dbt_cloud import audit_log, tokens, views
from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Catalog
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.contract import contract
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import RecordStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.showing import show
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import RunStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.runs import RunService
from airflow_provider_dbtsegment.sandbox.dbt_cloud.seeding import seed
from airflow_provider_dbtsegment.sandbox.dbt_cloud.seeds import OWNER
from airflow_provider_dbtsegment.sandbox.dbt_cloud.webhook_delivery import WebhookDelivery
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
        clock: Clock,
    ) -> None:
        self.clock = clock
        self.config = config.dbt_cloud
        self.account_id = config.dbt_cloud.account.id
        self.project_dir = project_dir
        self.records = RecordStore(state_dir, clock)
        seed(self.records, config.dbt_cloud)
        self.catalog = Catalog(self.records, config.dbt_cloud.account.run_slots)
        self.webhooks = WebhookDelivery(self.records, self.account_id)
        store = RunStore(state_dir / "runs", clock)
        store.listen(self.webhooks.on_run)
        self.runs = RunService(
            self.catalog,
            Workshop(
                store=store,
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
        self.webhooks.stop()
        self.records.close()

    def owner_of(self, token: str) -> Actor | None:
        """Return whose token it is; None when it opens nothing."""
        if secrets.compare_digest(token.encode(), self.config.token.encode()):
            return Actor("Sandbox Owner", user_id=OWNER)
        return tokens.owner_of(self.records, token)

    def note_run(self, actor: Actor, verb: str, run: Run) -> None:
        """Note in the audit log what somebody has done to a run."""
        about = {"id": run.id, "name": run.trigger.cause, "project_id": run.project_id}
        audit_log.add(self.records, self.account_id, actor, "run", verb, about)

    def show_run(self, run: Run, base_url: str, related: set[str]) -> dict[str, Any]:
        """Show a run with what is asked for.

        :param base_url: where the caller reached the sandbox; the run's page is below it.
        """
        reason = self.runs.why_no_retry(run)
        shown = {
            **views.run_fields(run, self.account_id, self.clock.now()),
            "blocked_by": self.runs.blocked_by(run),
            "can_retry": reason is None,
            "retry_not_supported_reason": reason,
            "href": base_url.rstrip("/") + views.run_path(self.account_id, run),
        }
        if "trigger" in related:
            shown["trigger"] = views.trigger_fields(run)
        if "audit" in related:
            shown["audit"] = views.audit_fields(run)
        if "job" in related:
            shown["job"] = self._show("jobs", run.job_id)
        if "environment" in related:
            shown["environment"] = self._show("environments", run.environment_id)
        if "run_steps" in related or "debug_logs" in related:
            shown["run_steps"] = [self.show_step(run, step, related) for step in run.steps]
        return shown

    def show_step(self, run: Run, step: Step, related: set[str]) -> dict[str, Any]:
        """Show a step with its logs, the debug log as a whole when that is asked for."""
        return views.step_fields(
            step,
            self.account_id,
            self.runs.folder(run),
            self.clock.now(),
            whole_debug_log="debug_logs" in related,
        )

    def _show(self, kind: str, record_id: int) -> dict[str, Any] | None:
        record = self.records.get(kind, record_id)
        if record is None:
            return None
        about = {"jobs": "InternalJobDefinition", "environments": "EnvironmentV2"}[kind]
        schemas = contract().schemas_with(about)
        shown = show(self, kind, record, schemas[about], schemas)
        schedule = shown.get("schedule")
        if schedule:
            names = {name: schedule[name]["type"] for name in ("date", "time")}
            shown["schedule"] = {"cron": schedule.get("cron") or "", **names}
        return shown
