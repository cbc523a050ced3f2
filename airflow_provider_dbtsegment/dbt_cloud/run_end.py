"""How a run ended, for the task that waited for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.pages import docs_at_end
from airflow_provider_dbtsegment.dbt_cloud.report import report, why_failed
from airflow_provider_dbtsegment.dbt_cloud.results import UnreadableArtifactError
from airflow_provider_dbtsegment.dbt_cloud.summary import summarize
from airflow_provider_dbtsegment.dbt_cloud.types import cancelled_by, outcome, status_label
from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    EndUnknownError,
    InvalidRequestError,
    NotSentError,
    RateLimitedError,
    RunCancelledError,
    RunFailedError,
    ServerError,
)
from airflow_provider_dbtsegment.launching.protocol import CancelledBy
from airflow_provider_dbtsegment.outcomes import End, Outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
    from airflow_provider_dbtsegment.dbt_cloud.results import Step
    from airflow_provider_dbtsegment.exceptions import DbtSegmentError


def _may_pass(error: DbtSegmentError) -> bool:
    """Return whether an artifact that could not be read may be readable a moment later."""
    if isinstance(error, AuthError):
        # The connection may have another token by now.
        return error.status == 401
    passing = (AnswerLostError, NotSentError, RateLimitedError, ServerError)
    return isinstance(error, passing) and not isinstance(error, UnreadableArtifactError)


#: What is said of who cancelled a run.
_CANCELLED = {
    CancelledBy.US: "It was cancelled with the token that had started it.",
    CancelledBy.PERSON: "A person cancelled it in dbt Cloud.",
    CancelledBy.SERVICE: "dbt Cloud itself cancelled it.",
    CancelledBy.UNKNOWN: "dbt Cloud does not say who cancelled it.",
}


def _cancelled_by(api: DbtCloudApi, run_id: int, account_id: int | None, log: Any) -> CancelledBy:
    """Return who cancelled a run, as far as dbt Cloud says."""
    try:
        return cancelled_by(api.get_run(run_id, include_related=["audit"], account_id=account_id))
    except (InvalidRequestError, AuthError) as error:
        log.info("dbt Cloud does not say who cancelled run %s: %s", run_id, error)
        return CancelledBy.UNKNOWN


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

    The results of each step stand alone: those that cannot be read are left out, with a warning.

    :param artifacts: An API that asks again itself for results that could not be read. Without
        one, the caller asks again, unless that would change nothing.
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

    def leave_out(step: Step, error: DbtSegmentError) -> None:
        if artifacts is None and _may_pass(error):
            raise error
        log.warning("The results of %s of dbt Cloud run %s cannot be read: %s", step, run_id, error)

    summary = summarize(artifacts or api, run, leave_out)
    log.info("%s", report(summary))
    failure: RunFailedError | None = None
    if ended is Outcome.CANCELLED:
        by = _cancelled_by(api, run_id, account_id, log)
        failure = RunCancelledError(f"{why_failed(run, summary)}\n{_CANCELLED[by]}", by.value)
    elif ended is not Outcome.SUCCESS:
        failure = RunFailedError(why_failed(run, summary))
    documentation = docs_at_end(run, api.settings.transport.base_url)
    return End(run_id, {"run_summary": summary, **documentation}, failure)
