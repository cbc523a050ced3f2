"""Wait for Segment Reverse ETL syncs in the triggerer."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.patience import FAULT_BUDGET
from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
from airflow_provider_dbtsegment.segment.types import SyncStatus
from airflow_provider_dbtsegment.triggers.base import WaitTrigger


class ReverseETLSyncTrigger(WaitTrigger[SyncKey, SyncStatus]):
    """
    Wait until a sync has ended.

    :param segment_conn_id: The connection.
    :param model_id: The model of the sync.
    :param sync_id: The sync.
    :param subscription_id: Its mapping, where that is known: how long its syncs usually take tells
        when to look.
    """

    def __init__(
        self,
        *,
        segment_conn_id: str,
        model_id: str,
        sync_id: str,
        subscription_id: str | None = None,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool = False,
        fault_budget: float | None = FAULT_BUDGET,
    ) -> None:
        super().__init__(
            poll_interval=poll_interval,
            deadline=deadline,
            began=began,
            cancel_on_kill=cancel_on_kill,
            fault_budget=fault_budget,
        )
        self.segment_conn_id = segment_conn_id
        self.model_id = model_id
        self.sync_id = sync_id
        self.subscription_id = subscription_id

    def _own_arguments(self) -> dict[str, Any]:
        return {
            "segment_conn_id": self.segment_conn_id,
            "model_id": self.model_id,
            "sync_id": self.sync_id,
            "subscription_id": self.subscription_id,
        }

    def _name(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "sync_id": self.sync_id}

    def _subject(self) -> str:
        return f"Segment sync {self.sync_id}"

    def _hook(self, max_attempts: int = 1) -> SegmentHook:
        return SegmentHook(self.segment_conn_id, max_attempts=max_attempts)

    def _source(self, hook: SegmentHook) -> SyncSource:
        return SyncSource(hook)

    def _key(self) -> SyncKey:
        ids = (self.model_id, self.sync_id)
        return (*ids, self.subscription_id) if self.subscription_id else ids

    def _cancel(self, hook: SegmentHook) -> None:
        hook.cancel_reverse_etl_sync_for_model(self.model_id, self.sync_id)
