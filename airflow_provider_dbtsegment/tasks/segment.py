"""What the operator and the sensor of Segment's Reverse ETL share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.hooks.segment import SegmentHook
    from airflow_provider_dbtsegment.outcomes import End
    from airflow_provider_dbtsegment.segment.summary import PartialSuccess
    from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
    from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger


class ReverseETLWaiting(Waiting):
    """Wait for a Reverse ETL sync, and tell what it did."""

    if TYPE_CHECKING:
        segment_conn_id: str
        partial_success: str
        max_failed_rows: int | float | str | None

    _trigger_class = "airflow_provider_dbtsegment.triggers.segment.ReverseETLSyncTrigger"

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

    def _ended(self, key: SyncKey) -> End:
        from airflow_provider_dbtsegment.segment.sync_end import end_of_sync

        return end_of_sync(
            self._looking.get_reverse_etl_sync_status(key[0], key[1]),
            key[1],
            subscription_id=getattr(self, "subscription_id", None),
            wanted=self._partial_success(),
            log=self.log,
        )

    def _trigger(self, key: SyncKey, **kwargs: Any) -> ReverseETLSyncTrigger:
        from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger

        return ReverseETLSyncTrigger(
            segment_conn_id=self.segment_conn_id,
            model_id=key[0],
            sync_id=key[1],
            subscription_id=getattr(self, "subscription_id", None),
            partial_success=self.partial_success,
            max_failed_rows=self.max_failed_rows,
            **kwargs,
        )

    def _source(self) -> SyncSource:
        from airflow_provider_dbtsegment.segment.sync_source import SyncSource

        return SyncSource(self._looking)

    def _subject(self, key: SyncKey) -> str:
        return f"Segment sync {key[1]}"

    def _see(self) -> str:
        return "the syncs of the mapping in Segment"

    def _result(self, key: SyncKey) -> str:
        return key[1]

    def _name(self, key: SyncKey) -> dict[str, Any]:
        return {"model_id": key[0], "sync_id": key[1]}

    def _key_in(self, ids: Mapping[str, Any]) -> SyncKey | None:
        model_id, sync_id = ids.get("model_id"), ids.get("sync_id")
        return (
            (model_id, sync_id) if isinstance(model_id, str) and isinstance(sync_id, str) else None
        )
