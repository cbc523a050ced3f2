"""What the operator and the sensor of Segment's Reverse ETL share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    EndUnknownError,
    RunCancelledError,
    RunFailedError,
)
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

    @cached_property
    def _looking(self) -> SegmentHook:
        """The hook that looks; what is done about faults is decided by those who wait."""
        return self.hook.twin()

    def _partial_success(self) -> PartialSuccess:
        """Return what is wanted of a partial success; raises when it means nothing."""
        from airflow_provider_dbtsegment.segment.summary import PartialSuccess

        return PartialSuccess(self.partial_success, self.max_failed_rows)

    def _finish(self, context: Context, key: SyncKey) -> str:
        from airflow_provider_dbtsegment.outcomes import Outcome
        from airflow_provider_dbtsegment.segment.summary import describe, summarize, why_failed
        from airflow_provider_dbtsegment.segment.types import outcome

        sync = self._looking.get_reverse_etl_sync_status(key[0], key[1])
        ended = outcome(sync)
        summary = summarize(sync, getattr(self, "subscription_id", None))
        if ended is None:
            status = summary["status"]
            raise EndUnknownError(f"Segment sync {key[1]} has not ended; its status is {status}.")
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
            segment_conn_id=self.segment_conn_id,
            model_id=key[0],
            sync_id=key[1],
            subscription_id=getattr(self, "subscription_id", None),
            **kwargs,
        )

    def _source(self) -> SyncSource:
        from airflow_provider_dbtsegment.segment.sync_source import SyncSource

        return SyncSource(self._looking)

    def _subject(self, key: SyncKey) -> str:
        return f"Segment sync {key[1]}"

    def _see(self) -> str:
        return "the syncs of the mapping in Segment"

    def _name(self, key: SyncKey) -> dict[str, Any]:
        return {"model_id": key[0], "sync_id": key[1]}

    def _key_in(self, ids: Mapping[str, Any]) -> SyncKey | None:
        model_id, sync_id = ids.get("model_id"), ids.get("sync_id")
        return (
            (model_id, sync_id) if isinstance(model_id, str) and isinstance(sync_id, str) else None
        )
