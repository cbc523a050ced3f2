"""Starting, cancelling and retrying runs."""

import threading
from dataclasses import replace
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import commands, plan, retry
from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Catalog, Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import (
    ApiError,
    InvalidError,
    NotFoundError,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.execution import Execution
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Trigger
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_folder import RunFolder
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import RunStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.scheduler import Scheduler
from airflow_provider_dbtsegment.sandbox.dbt_cloud.workshop import Workshop

CANCEL_SECONDS = 10.0
CANCELLED = "The run was cancelled."
RERUN_CAUSE = "Kicked off by a rerun of the job"


class RunService:
    """The runs of the account."""

    def __init__(self, catalog: Catalog, workshop: Workshop) -> None:
        self._catalog = catalog
        self._shop = workshop
        self._order = threading.Lock()
        self._scheduler = Scheduler(workshop.store, catalog.run_slots, self._execution_of)

    @property
    def store(self) -> RunStore:
        """All runs."""
        return self._shop.store

    def get(self, run_id: int) -> Run:
        """Return a run.

        :raises NotFoundError: when there is none.
        """
        run = self.store.get(run_id)
        if run is None:
            raise NotFoundError
        return run

    def folder(self, run: Run) -> RunFolder:
        """Return what a run left on disk."""
        return self._shop.folder(run.id)

    def most_recent(self, job_id: int, *, completed: bool) -> Run | None:
        """Return the newest run of a job.

        :param completed: look at runs only that have ended.
        """
        newest = self.store.newest(job_id)
        if newest is None or newest.status.is_terminal or not completed:
            return newest
        ended = (r for r in reversed(self.store.all()) if r.job_id == job_id)
        return next((run for run in ended if run.status.is_terminal), None)

    def trigger(self, job: Job, *, by: Actor, category: str = "api", **request: Any) -> Run:
        """Put a new run of a job into the queue.

        :param by: whose token starts it.
        :param request: the fields of the request to start it.
        :raises InvalidError: when ``steps_override`` holds something else than dbt commands.
        """
        for command in request.get("steps_override") or ():
            try:
                commands.words(command)
            except commands.CommandError as error:
                raise InvalidError("steps_override", str(error)) from error
        trigger = Trigger(id=0, cause_category=category, **request)
        return self._add(job, trigger, plan.plan_run(job, trigger, self._shop.project_dir), by)

    def retry(self, run: Run, *, by: Actor) -> Run:
        """Put a run into the queue that resumes a failed one.

        :raises ApiError: 400, when the run cannot be retried.
        """
        with self._order:
            reason = self.why_no_retry(run)
            if self._catalog.job(run.job_id) is None:
                raise ApiError(400, f"Run {run.id} cannot be retried: its job is deleted.")
            if reason is not None:
                raise ApiError(400, f"Run {run.id} cannot be retried: {reason}", {"reason": reason})
            return self._add(
                self._catalog.job_of(run.job_id),
                replace(run.trigger, cause_category="rerun"),
                plan.plan_retry(run, self._shop.project_dir),
                by,
                retrying=run,
            )

    def rerun(self, job: Job, *, by: Actor) -> Run:
        """Resume the job's newest run if that failed, else start a new one."""
        newest = self.store.newest(job.id)
        if newest is not None and self.why_no_retry(newest) is None:
            return self.retry(newest, by=by)
        return self.trigger(job, by=by, category="rerun", cause=RERUN_CAUSE)

    def cancel(self, run: Run, *, by: Actor | None, message: str = CANCELLED) -> Run:
        """End a run, and return it once its processes are gone.

        :param by: whose token cancels it; None when dbt Cloud itself does.
        :param message: what the run says of it.
        :raises ApiError: 400, when it has ended before.
        """
        if run.status.is_terminal:
            raise ApiError(400, f"Run {run.id} has ended already: {run.status.humanized}.")
        self._scheduler.cancel(run.id, by, message)
        self.store.wait(run.id, lambda one: one.status.is_terminal, CANCEL_SECONDS)
        return self.get(run.id)

    def cancel_all_of(self, job_id: int, *, by: Actor) -> None:
        """End what is queued or running of a job, without waiting for it."""
        for run in self.store.all():
            if run.job_id == job_id and not run.status.is_terminal:
                self._scheduler.cancel(run.id, by, CANCELLED)

    def why_no_retry(self, run: Run) -> str | None:
        """Return the reason why a run cannot be retried; None when it can."""
        return retry.why_not(run, self.store.newest(run.job_id), self.folder(run))

    def blocked_by(self, run: Run) -> list[int]:
        """Return the runs that a queued run waits for."""
        return self._scheduler.blocked_by(run)

    def stop(self) -> None:
        """End all runs; their processes are gone afterwards."""
        self._scheduler.stop()

    def _add(
        self,
        job: Job,
        trigger: Trigger,
        steps: list[plan.PlannedStep],
        by: Actor,
        retrying: Run | None = None,
    ) -> Run:
        at = self.store.clock.now()
        run = self.store.add(
            lambda run_id: Run(
                id=run_id,
                project_id=job.project_id,
                environment_id=job.environment_id,
                job_id=job.id,
                trigger=replace(trigger, id=run_id),
                created_at=at,
                updated_at=at,
                git_branch=trigger.git_branch,
                git_sha=trigger.git_sha,
                triggered_by=by,
                retrying_run_id=retrying.id if retrying is not None else None,
            )
        )
        run = self.store.plan_steps(run.id, steps)
        self._scheduler.submit(run)
        return self.get(run.id)

    def _execution_of(self, run: Run) -> Execution:
        job = self._catalog.job_of(run.job_id)
        environment = self._catalog.environment_of(run.environment_id)
        return Execution(self._shop, run, job, environment, self._catalog.variables_of(job))
