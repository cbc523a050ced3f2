"""What launching once needs to know of Segment's Reverse ETL syncs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.launchable import Found
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.rest.listing import Listing
    from airflow_provider_dbtsegment.segment import SegmentApi


class SyncLaunch:
    """
    Start a sync of a mapping, and find it again among the mapping's syncs.

    A sync carries no mark of ours. It is told from others by what the mapping's list of syncs held
    before the request, so a sync of somebody else that began in the same moments is taken for ours.
    """

    def __init__(
        self,
        api: SegmentApi,
        *,
        source_id: str,
        model_id: str,
        subscription_id: str,
        marker: Marker,
    ) -> None:
        self._api = api
        self._source_id = source_id
        self._model_id = model_id
        self._subscription_id = subscription_id
        self._marker = marker
        self.what = f"A sync of Segment mapping {subscription_id}"
        self.where = f"the syncs of mapping {subscription_id} in Segment"

    def baseline(self) -> dict[str, Any]:
        """Return the mapping's newest sync and, by Segment's clock, when it began."""
        newest = self._newest(1)
        if not newest:
            return {"sync_id": None, "started_at": ""}
        return {"sync_id": newest[0]["syncId"], "started_at": newest[0].get("startedAt", "")}

    def submit(self) -> str:
        """Start a sync."""
        return self._api.create_reverse_etl_manual_sync(
            self._source_id, self._model_id, self._subscription_id
        )["syncId"]

    def can_retry(self, failed: str) -> bool:
        """Return `False`: Segment has no point of failure to go on from."""
        return False

    def submit_retry(self, failed: str) -> str:
        """Start a sync; there is nothing to go on from."""
        return self.submit()

    def find(self, baseline: Any) -> Sequence[Found[str]]:
        """Return the syncs of the mapping that began after the baseline, the newest first."""
        if not isinstance(baseline, dict):
            return []
        since = str(baseline.get("started_at") or "")
        found = []
        for sync in self._newest(100):
            started_at = sync.get("startedAt") or since
            if sync["syncId"] == baseline.get("sync_id") or started_at < since:
                break
            found.append(Found(sync["syncId"], outcome(sync), self._marker.try_number))
        return found

    def outcome(self, id: str) -> Outcome | None:
        """Return how a sync ended, or `None` while it goes on."""
        return outcome(self._api.get_reverse_etl_sync_status(self._model_id, id))

    def going_on(self) -> str | None:
        """Return the mapping's sync that is going on, whoever started it."""
        active = [sync["syncId"] for sync in self._newest(10) if outcome(sync) is None]
        return active[0] if active else None

    def _newest(self, limit: int) -> Listing[SyncStatus]:
        return self._api.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
            self._model_id, self._subscription_id, limit=limit
        )
