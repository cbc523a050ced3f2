"""What the operator and the sensor of Segment's Reverse ETL share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import RunCancelledError, RunFailedError
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.hooks.segment import SegmentHook
    from airflow_provider_dbtsegment.segment.summary import PartialSuccess
    from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
    from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger


class ReverseETLWaiting(Waiting):
    """Wait for a Reverse ETL sync, and tell what it did."""

    if TYPE_CHECKING:
        segment_conn_id: str
        partial_success: str
        max_failed_rows: int | float | str | None

    @cached_property
    def hook(self) -> SegmentHook:
        """The hook of the task's connection."""
        from airflow_provider_dbtsegment.hooks.segment import SegmentHook

        return SegmentHook(self.segment_conn_id)

    def _partial_success(self) -> PartialSuccess:
        """Return what is wanted of a partial success; raises when it means nothing."""
        from airflow_provider_dbtsegment.segment.summary import PartialSuccess

        return PartialSuccess(self.partial_success, self.max_failed_rows)

    def _finish(self, context: Context, key: SyncKey) -> str:
        from airflow_provider_dbtsegment.segment.summary import describe, summarize, why_failed
        from airflow_provider_dbtsegment.segment.types import outcome

        sync = self.hook.get_reverse_etl_sync_status(*key)
        ended = outcome(sync)
        summary = summarize(sync, getattr(self, "subscription_id", None))
        if ended is None:
            status = summary["status"]
            raise RunFailedError(f"Segment sync {key[1]} has not ended; its status is {status}.")
        context["ti"].xcom_push(key="sync_summary", value=summary)
        self.log.info("Segment sync %s: %s.", key[1], describe(summary))
        if ended is Outcome.SUCCESS:
            return key[1]
        if ended is Outcome.CANCELLED:
            raise RunCancelledError(why_failed(summary))
        if ended is not Outcome.PARTIAL:
            raise RunFailedError(why_failed(summary))
        wanted = self._partial_success()
        reason = wanted.why_failed(summary)
        if reason is not None:
            raise RunFailedError(reason)
        if wanted.policy == "warn":
            self.log.warning("The destination refused %s rows.", summary["failed"])
        return key[1]

    def _trigger(self, key: SyncKey, **kwargs: Any) -> ReverseETLSyncTrigger:
        from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger

        return ReverseETLSyncTrigger(
            segment_conn_id=self.segment_conn_id, model_id=key[0], sync_id=key[1], **kwargs
        )

    def _source(self) -> SyncSource:
        from airflow_provider_dbtsegment.segment.sync_source import SyncSource

        return SyncSource(self.hook)

    def _subject(self, key: SyncKey) -> str:
        return f"Segment sync {key[1]}"

    def _key_of(self, event: dict[str, Any]) -> SyncKey:
        model_id, sync_id = event.get("model_id"), event.get("sync_id")
        if not (isinstance(model_id, str) and isinstance(sync_id, str)):
            raise RunFailedError(f"The trigger ended with {event!r}, which names no sync.")
        return model_id, sync_id

    def _close(self) -> None:
        self.hook.close()
