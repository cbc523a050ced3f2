"""The states of Reverse ETL syncs, for those who wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment import SegmentApi

#: A sync is asked for by the ids of its model, of itself and, where it is known, of its mapping.
SyncKey = tuple[str, str] | tuple[str, str, str]


class SyncSource:
    """
    Ask Segment how syncs are doing.

    :param api: Whom to ask; closed when nobody waits any more.
    """

    batch_size = 1

    def __init__(self, api: SegmentApi) -> None:
        self._api = api

    def ask_many(self, keys: Sequence[SyncKey]) -> Mapping[SyncKey, SyncStatus]:
        """Return nothing: Segment cannot be asked for many."""
        return {}

    def ask_one(self, key: SyncKey) -> SyncStatus:
        """Return one sync."""
        return self._api.get_reverse_etl_sync_status(key[0], key[1])

    def ended(self, state: SyncStatus) -> bool:
        """Return whether a sync has ended."""
        return outcome(state) is not None

    def label(self, state: SyncStatus) -> str:
        """Return Segment's word for the status."""
        return str(state.get("syncStatus"))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
