"""Waiting for syncs as if nothing were known of how long they take."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
from airflow_provider_dbtsegment.triggers.segment import ReverseETLSyncTrigger


class InTurnSource(SyncSource):
    """Thinks a sync more urgent the longer nobody has looked."""

    def urgency(self, key: SyncKey, began: float, looked: float | None, now: float) -> float:
        """Return for how long nobody has looked."""
        return now - (began if looked is None else looked)


class InTurnTrigger(ReverseETLSyncTrigger):
    """Waits by that."""

    def _source(self, hook: Any) -> SyncSource:
        return InTurnSource(hook)
