"""How a run ended, for the task that waited for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.pages import docs_at_end
from airflow_provider_dbtsegment.dbt_cloud.report import report, why_failed
from airflow_provider_dbtsegment.dbt_cloud.summary import summarize
from airflow_provider_dbtsegment.dbt_cloud.types import outcome, status_label
from airflow_provider_dbtsegment.exceptions import (
    EndUnknownError,
    RequestError,
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.outcomes import End, Outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
    from airflow_provider_dbtsegment.dbt_cloud.summary import RunSummary
    from airflow_provider_dbtsegment.dbt_cloud.types import Run


def end_of_run(
    api: DbtCloudApi,
    run_id: int,
    *,
    account_id: int | None,
    log: Any,
    artifacts: DbtCloudApi | None = None,
) -> End:
    """
    Ask dbt Cloud how a run ended, and sum up what it did.

    :param artifacts: Whom to ask for the results of the steps, and to go without them where they
        cannot be had; by default they are asked for like the run.
    :raises EndUnknownError: When it has not ended.
    :raises RequestError: When dbt Cloud cannot be asked.
    """
    run = api.get_run(
        run_id, include_related=["run_steps", "job", "trigger"], account_id=account_id
    )
    ended = outcome(run)
    if ended is None:
        status = status_label(run.get("status"))
        raise EndUnknownError(f"dbt Cloud run {run_id} has not ended; its status is {status}.")
    summary = summarize(api, run) if artifacts is None else _summary(artifacts, run, log)
    log.info("%s", report(summary))
    failure = None
    if ended is not Outcome.SUCCESS:
        kind = RunCancelledError if ended is Outcome.CANCELLED else RunFailedError
        failure = kind(why_failed(run, summary))
    documentation = docs_at_end(run, api.settings.transport.base_url)
    return End(run_id, {"run_summary": summary, **documentation}, failure)


def _summary(api: DbtCloudApi, run: Run, log: Any) -> RunSummary:
    try:
        return summarize(api, run)
    except RequestError as error:
        # The numbers are not worth more than the end that is known.
        log.warning("The results of the run cannot be read: %s", error)
        return summarize(api, {**run, "run_steps": []})
