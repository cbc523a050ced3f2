"""CI jobs that scale: pull requests do not wait for each other while run slots are free."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from airflow_provider_dbtsegment.dbt_cloud.job_triggers import JobTriggersApi, check_request
from airflow_provider_dbtsegment.dbt_cloud.types import Job, Run, outcome
from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    InvalidRequestError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.rest.listing import whole_number

log = logging.getLogger(__name__)

#: Where a run says to which pull request it belongs, by the provider of the repository.
PULL_REQUESTS = (
    "github_pull_request_id",
    "gitlab_merge_request_id",
    "azure_pull_request_id",
    "non_native_pull_request_id",
)
#: What a clone takes over from its job; what starts the job does not start the clone.
CLONED = (
    "project_id",
    "environment_id",
    "dbt_version",
    "deferring_environment_id",
    "deferring_job_definition_id",
    "description",
    "execute_steps",
    "execution",
    "generate_docs",
    "run_compare_changes",
    "compare_changes_flags",
    "run_generate_sources",
    "run_lint",
    "errors_on_lint_failure",
    "cost_optimization_features",
    "settings",
    "state",
)
NEVER = {"github_webhook": False, "git_provider_webhook": False, "schedule": False}
CLONE = " [CLONED "
ACTIVE_RUNS = ("queued", "starting", "running")


class CIJobsApi(JobTriggersApi):
    """https://docs.getdbt.com/docs/deploy/ci-jobs"""

    def trigger_autoscaling_ci_job(
        self,
        job_id: int,
        payload: dict[str, Any],
        *,
        should_poll: bool = False,
        poll_interval: float = 10,
        delete_cloned_job: bool = True,
        max_run_slots: int | None = None,
        account_id: int | None = None,
    ) -> Run:
        """
        Start a CI job for a commit; a clone of it if it is busy with another pull request.

        What still runs for an older commit of the same pull request is cancelled. The job is cloned
        only while run slots are free; otherwise the run queues behind the others.

        :param payload: The request's body: ``cause``, ``git_sha``, ``schema_override`` and the pull
            request, as ``github_pull_request_id``, ``gitlab_merge_request_id``,
            ``azure_pull_request_id`` or ``non_native_pull_request_id``.
        :param should_poll: Whether to wait for the end of the run.
        :param poll_interval: Seconds between looks.
        :param delete_cloned_job: Delete the clone afterwards, whatever happens in between. This
            waits for the run in any case, as dbt Cloud cancels the runs of a deleted job.
        :param max_run_slots: Clone only while fewer runs than this are active in the account; by
            default its ``run_slots``, and never more than those.
        :raises ConfigurationError: When ``cause`` is missing or too long, or a number is none.
        :raises WaitFaultsError: When dbt Cloud is out of reach for 15 minutes.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        check_request(payload, poll_interval)
        whole_number(max_run_slots, "max_run_slots")
        job = self.get_job(job_id, account_id=account_id)
        others = self._cancel_outdated(job, payload, account_id)
        busy = any(run.get("job_definition_id") == job["id"] for run in others)
        if not busy or not self._has_free_slot(len(others), max_run_slots, account_id):
            return self.trigger_job(
                job_id,
                payload,
                should_poll=should_poll,
                poll_interval=poll_interval,
                account_id=account_id,
            )
        with self._clone(job, delete_cloned_job, account_id) as clone_id:
            return self.trigger_job(
                clone_id,
                payload,
                should_poll=should_poll or delete_cloned_job,
                poll_interval=poll_interval,
                account_id=account_id,
            )

    def _cancel_outdated(
        self, job: Job, payload: dict[str, Any], account_id: int | None
    ) -> list[Run]:
        """Cancel the runs of the job and its clones for this pull request; return the others."""
        active = self.list_runs(
            status=ACTIVE_RUNS, include_related=["trigger", "job"], account_id=account_id
        )
        others = []
        for run in active:
            if not (_is_of(job, run) and _same_pull_request(payload, run)):
                others.append(run)
                continue
            log.info("dbt Cloud run %s is for an older commit: cancelling it.", run["id"])
            self._cancel(run, account_id)
        return others

    def _cancel(self, run: Run, account_id: int | None) -> None:
        """Cancel a run, which may have ended since."""
        try:
            self.cancel_run(run["id"], account_id=account_id)
        except InvalidRequestError:
            if outcome(self.get_run(run["id"], account_id=account_id)) is None:
                raise

    def _has_free_slot(self, used: int, most: int | None, account_id: int | None) -> bool:
        slots = self.get_account(account_id=account_id).get("run_slots") or 0
        return used < (slots if most is None else min(most, slots))

    @contextmanager
    def _clone(self, job: Job, delete: bool, account_id: int | None) -> Iterator[int]:
        """Clone a job, and delete the clone at the end of the block."""
        name = f"{job['name']}{CLONE}{uuid4().hex[:8]}]"
        definition = {key: job.get(key) for key in CLONED if job.get(key) not in (None, "")}
        definition |= {"name": name, "triggers": NEVER, "lifecycle_webhooks": False}
        try:
            clone_id = self.create_job(definition, account_id=account_id)["id"]
        except BaseException as error:
            if not isinstance(error, DbtSegmentError) or getattr(error, "may_have_happened", False):
                self._delete_clones(name, account_id)
            raise
        log.info("dbt Cloud job %s is busy; its clone is job %s.", job["id"], clone_id)
        try:
            yield clone_id
        finally:
            if delete:
                self._delete_clone(clone_id, account_id)

    def _delete_clones(self, name: str, account_id: int | None) -> None:
        """Delete what a creation may have left whose answer was lost."""
        try:
            for job in self.list_jobs(name_contains=name, account_id=account_id):
                self._delete_clone(job["id"], account_id)
        except RequestError as error:
            log.warning("A dbt Cloud job named %r may be left; delete it. %s", name, error)

    def _delete_clone(self, clone_id: int, account_id: int | None) -> None:
        try:
            self.delete_job(clone_id, account_id=account_id)
        except NotFoundError:
            pass
        except RequestError as error:
            log.warning("The clone, dbt Cloud job %s, is left; delete it. %s", clone_id, error)


def _is_of(job: Job, run: Run) -> bool:
    """Return whether a run is one of a job or of a clone of it."""
    job_of_run = run.get("job")
    name = job_of_run.get("name", "") if job_of_run else ""
    is_clone = name.startswith(f"{job['name']}{CLONE}")
    return run.get("job_definition_id") == job["id"] or (
        is_clone and run.get("project_id") == job.get("project_id")
    )


def _same_pull_request(payload: dict[str, Any], run: Run) -> bool:
    trigger: dict[str, Any] = {**(run.get("trigger") or {})}
    return any(
        payload.get(key) is not None and str(trigger.get(key)) == str(payload[key])
        for key in PULL_REQUESTS
    )
