"""How a sync ended, for the task that waited for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    EndUnknownError,
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.outcomes import End, Outcome
from airflow_provider_dbtsegment.segment.report import report, why_failed
from airflow_provider_dbtsegment.segment.summary import summarize
from airflow_provider_dbtsegment.segment.types import outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment.summary import PartialSuccess
    from airflow_provider_dbtsegment.segment.types import SyncStatus


def end_of_sync(
    sync: SyncStatus,
    sync_id: str,
    *,
    subscription_id: str | None,
    wanted: PartialSuccess,
    log: Any,
    sync_url: str | None = None,
) -> End:
    """
    Tell what a task makes of the state of a sync.

    :param wanted: What the user wants of a partial success.
    :param sync_url: The page of its mapping, where that is known.
    :raises EndUnknownError: When the sync has not ended.
    """
    ended = outcome(sync)
    summary = summarize(sync, subscription_id, sync_url)
    if ended is None:
        status = summary["status"]
        raise EndUnknownError(f"Segment sync {sync_id} has not ended; its status is {status}.")
    log.info("%s", report(summary))
    failure: RunFailedError | None = None
    if ended is Outcome.CANCELLED:
        failure = RunCancelledError(why_failed(summary))
    elif ended is Outcome.PARTIAL:
        reason = wanted.why_failed(summary)
        if reason is not None:
            failure = RunFailedError(reason)
        elif wanted.policy == "warn":
            log.warning("The destination refused %s rows.", summary["failed"])
    elif ended is not Outcome.SUCCESS:
        failure = RunFailedError(why_failed(summary))
    return End(sync_id, {"sync_summary": summary}, failure)
