"""Starting jobs, and waiting for what was started."""

from __future__ import annotations

import logging
import time
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.jobs import JobsApi
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.runs import RunsApi
from airflow_provider_dbtsegment.dbt_cloud.types import Run, outcome
from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.rest.listing import whole_number
from airflow_provider_dbtsegment.watch import wait_blocking

log = logging.getLogger(__name__)

#: dbt Cloud refuses a cause that is longer.
MAX_CAUSE = 255


class JobTriggersApi(JobsApi, RunsApi):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Trigger%20Job%20Run"""

    def trigger_job(
        self,
        job_id: int,
        payload: dict[str, Any],
        *,
        should_poll: bool = True,
        poll_interval: float = 10,
        retries: int = 0,
        account_id: int | None = None,
    ) -> Run:
        """
        Start a run of a job, and wait for its end.

        dbt Cloud has no idempotency key: every call starts another run.

        :param payload: The request's body. ``cause`` is required and at most 255 characters long.
        :param should_poll: Whether to wait. ``retries`` wait in any case.
        :param poll_interval: Seconds between looks.
        :param retries: How often a run that has failed is resumed where it failed, or, where dbt
            Cloud cannot do so, started again. A cancelled run is not.
        :return: The run, or the last one of its retries, as it was seen last.
        :raises ConfigurationError: When ``cause`` is missing or too long, or a number is none.
        :raises WaitFaultsError: When dbt Cloud is out of reach for 15 minutes.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before starting it again.
        """
        check_request(payload, poll_interval)
        whole_number(retries, "retries")
        run = self._start(job_id, payload, account_id)
        if not (should_poll or retries):
            return run
        run = self._wait_for(run, poll_interval, account_id)
        for left in range(retries, 0, -1):
            if outcome(run) is not Outcome.FAILED:
                break
            log.info("dbt Cloud run %s failed; retries left: %s.", run["id"], left)
            if self.get_run(run["id"], account_id=account_id).get("can_retry"):
                run = self.retry_run(run["id"], account_id=account_id)
            else:
                run = self._start(job_id, payload, account_id)
            run = self._wait_for(run, poll_interval, account_id)
        return run

    def trigger_job_from_failure(
        self,
        job_id: int,
        *,
        should_poll: bool = True,
        poll_interval: float = 10,
        account_id: int | None = None,
    ) -> Run:
        """
        Resume the newest run of a job if it has failed, or else start a new one; wait for its end.

        The newest run may be anybody's; :meth:`retry_run` resumes a run of which you know the id.

        :param should_poll: Whether to wait.
        :param poll_interval: Seconds between looks.
        :return: The run as it was seen last.
        :raises WaitFaultsError: When dbt Cloud is out of reach for 15 minutes.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before starting it again.
        """
        check_interval(poll_interval)
        run = self._send("POST", Run, "v2/jobs/{}/rerun/", job_id, account_id=account_id)
        return self._wait_for(run, poll_interval, account_id) if should_poll else run

    def _start(self, job_id: int, payload: dict[str, Any], account_id: int | None) -> Run:
        return self._send(
            "POST", Run, "v2/jobs/{}/run/", job_id, json=payload, account_id=account_id
        )

    def _wait_for(self, run: Run, poll_interval: float, account_id: int | None) -> Run:
        """Wait until a run has ended."""
        run_id = run["id"]
        log.info("dbt Cloud run %s: %s", run_id, run.get("href"))
        return wait_blocking(
            RunSource(self, account_id),
            run_id,
            interval=poll_interval,
            patience=Patience(deadline=None, began=time.time()),
            on_change=lambda label, _: log.info("dbt Cloud run %s is %s.", run_id, label),
        )


def check_request(payload: dict[str, Any], poll_interval: float) -> None:
    """
    Check what is known to be wrong before anything is sent.

    :raises ConfigurationError: When ``cause`` is missing or too long, or the interval is none.
    """
    cause = payload.get("cause") if isinstance(payload, dict) else None
    if not isinstance(cause, str) or not 0 < len(cause) <= MAX_CAUSE:
        raise ConfigurationError(
            f"dbt Cloud wants a cause of 1 to {MAX_CAUSE} characters, not {cause!r}."
        )
    check_interval(poll_interval)


def check_interval(poll_interval: float) -> None:
    """
    Check the seconds between looks.

    :raises ConfigurationError: When they are no number above 0.
    """
    if not isinstance(poll_interval, (int, float)) or not 0 < poll_interval < float("inf"):
        raise ConfigurationError(
            f"poll_interval is {poll_interval!r}; it must be a number of seconds above 0."
        )
