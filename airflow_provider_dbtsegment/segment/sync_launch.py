"""What launching once needs to know of Segment's Reverse ETL syncs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.launchable import Found
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment import SegmentApi

#: So many of a mapping's newest syncs are looked through.
LOOK_BACK = 100
#: By how much Segment's clock may be off where it does not tell, and where it does.
UNKNOWN_SKEW = timedelta(minutes=10)
SKEW = timedelta(seconds=60)


class SyncLaunch:
    """
    Start a sync of a mapping, and find it again among the mapping's syncs.

    A sync carries no mark of ours. It is told from others by what the mapping's list of syncs held
    before the request, so a sync of somebody else that began in the same moments is taken for ours:
    it began after the request, and so carries the rows that ours was to carry.

    Where nothing is remembered between tries, nobody can know whose an earlier sync was. One that
    began since this task run may have, and goes on or has succeeded, keeps a later try from
    starting another.

    :param since: When this task run may have begun, by our clock; without it, what has succeeded
        gives rise to no doubt.
    """

    is_marked = False
    advice = (
        "reuse_existing_sync=True takes over one that is going on; clear the task to start another "
        "one when none is."
    )

    def __init__(
        self,
        api: SegmentApi,
        *,
        source_id: str,
        model_id: str,
        subscription_id: str,
        marker: Marker,
        since: datetime | None = None,
    ) -> None:
        self._api = api
        self._source_id = source_id
        self._model_id = model_id
        self._subscription_id = subscription_id
        self._marker = marker
        self._since = since if since is None or since.tzinfo else since.replace(tzinfo=timezone.utc)
        self.what = f"A sync of Segment mapping {subscription_id}"
        self.where = f"the syncs of mapping {subscription_id} in Segment"

    def sign(self, marker: Marker) -> str:
        """Return how a person knows what a try has started."""
        return f"one that began with try {marker.try_number} of this task"

    def baseline(self) -> dict[str, Any]:
        """Return the mapping's newest syncs and, by Segment's clock, when the newest began."""
        newest = self._newest()
        began = [text for sync in newest if (text := _text(sync.get("startedAt")))]
        return {
            "sync_ids": [sync["syncId"] for sync in newest],
            "started_at": max(began, key=_sortable, default=""),
        }

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
        before = baseline.get("sync_ids") or ()
        since = _time(baseline.get("started_at"))
        found = []
        for sync in self._newest():
            began = _time(sync.get("startedAt"))
            is_older = since is not None and began is not None and began < since
            if sync["syncId"] not in before and not is_older:
                found.append(Found(sync["syncId"], outcome(sync), self._marker.try_number))
        return found

    def doubtful(self) -> Sequence[Found[str]]:
        """Return the mapping's syncs that go on or have succeeded, and that may be ours."""
        newest = self._newest()
        bound = self._bound()
        doubtful = []
        for sync in newest:
            how = outcome(sync)
            began = _time(sync.get("startedAt"))
            is_older = bound is not None and began is not None and began < bound
            is_in_doubt = how is None or (how is Outcome.SUCCESS and bound is not None)
            if is_in_doubt and not is_older:
                doubtful.append(Found(sync["syncId"], how, self._marker.try_number))
        return doubtful

    def outcome(self, id: str) -> Outcome | None:
        """Return how a sync ended, or `None` while it goes on."""
        return outcome(self._api.get_reverse_etl_sync_status(self._model_id, id))

    def going_on(self) -> str | None:
        """Return the mapping's sync that is going on, whoever started it."""
        return next((sync["syncId"] for sync in self._newest() if outcome(sync) is None), None)

    def _bound(self) -> datetime | None:
        """Return since when, by Segment's clock, a sync may be of this task run."""
        if self._since is None:
            return None
        ahead = self._api.transport.ahead
        return self._since - UNKNOWN_SKEW if ahead is None else self._since + ahead - SKEW

    def _newest(self) -> list[SyncStatus]:
        syncs = self._api.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
            self._model_id, self._subscription_id, limit=LOOK_BACK
        )
        return list(syncs)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _sortable(text: str) -> tuple[bool, float]:
    began = _time(text)
    return (began is not None, began.timestamp() if began else 0.0)


def _time(text: Any) -> datetime | None:
    """Return a time as Segment writes it, if it can be read."""
    try:
        time = datetime.fromisoformat(_text(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
