"""What a task makes of the end of a sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    EndUnknownError,
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.outcomes import End, Outcome
from airflow_provider_dbtsegment.segment.report import report, why_failed, why_rejected
from airflow_provider_dbtsegment.segment.summary import MOST_OF_AN_ID, summarize
from airflow_provider_dbtsegment.segment.types import outcome
from airflow_provider_dbtsegment.texts import harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_dbtsegment.segment.sync_history import History
    from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy
    from airflow_provider_dbtsegment.segment.types import SyncStatus


def end_of_sync(
    sync: SyncStatus,
    sync_id: str,
    *,
    subscription_id: str | None,
    policy: SyncPolicy,
    history: Callable[[], History],
    log: Any,
    page: Callable[[], str],
) -> End:
    """
    Return what a task makes of a sync that has ended.

    :param policy: What the user wants of rejected rows.
    :param history: Returns the mapping's syncs before this one; called if the policy needs them.
    :param page: Returns the page of its mapping in Segment.
    :raises EndUnknownError: When the sync has not ended.
    :raises RequestError: When the earlier syncs are needed, and cannot be read for now.
    """
    ended = outcome(sync)
    if ended is None:
        status = harmless(sync.get("syncStatus"), MOST_OF_AN_ID)
        raise EndUnknownError(f"Segment sync {sync_id} has not ended; its status is {status}.")
    verdict = policy.judge(sync, history)
    sync_url = page()
    summary = summarize(sync, verdict, subscription_id, sync_url)
    log.info("%s", report(summary))
    failure: RunFailedError | None = None
    if ended is Outcome.CANCELLED:
        failure = RunCancelledError(why_failed(summary))
    elif not verdict.passes:
        reason = why_rejected(summary) if verdict.decision else why_failed(summary)
        failure = RunFailedError(reason)
    elif verdict.decision and policy.partial_success == "warn":
        log.warning("The destination rejected rows: %s", verdict.decision)
    elif verdict.decision:
        log.info("Accepted: %s", verdict.decision)
    return End(sync_id, {"sync_summary": summary, "sync_url": sync_url}, failure)
