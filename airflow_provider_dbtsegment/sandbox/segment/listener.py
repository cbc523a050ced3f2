"""Who wants to know what is started."""

from __future__ import annotations

from typing import Protocol

from .dbt_model_syncs import DbtModelSyncTrigger
from .sync import Sync


class Listener(Protocol):
    """Is told at the moment of the start, and must be quick."""

    def on_sync(self, sync: Sync) -> None:
        """Note a sync."""

    def on_dbt_model_sync(self, trigger: DbtModelSyncTrigger) -> None:
        """Note that a source is to read its dbt models."""
