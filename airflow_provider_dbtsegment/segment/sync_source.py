"""The states of Reverse ETL syncs, for those who wait."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    InvalidRequestError,
    NotFoundError,
)
from airflow_provider_dbtsegment.outcomes import Outcome, seconds_between, seconds_of
from airflow_provider_dbtsegment.segment.progress import describe_progress, label
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.watching.forecast import Forecast

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment import SegmentApi

#: A sync is asked for by the ids of its model, of itself and, where it is known, of its mapping.
SyncKey = tuple[str, str] | tuple[str, str, str]

#: So many of the newest syncs of a mapping are listed.
LISTED = 25
#: Syncs of a mapping that are asked for at once; they are among the newest.
TOGETHER = 10


class SyncSource(Source[SyncKey, SyncStatus]):
    """
    Ask Segment how syncs are doing.

    Segment has no way to ask for many but the list of a mapping's syncs. That is asked for in place
    of a single sync the first time, since it also tells how long the mapping's syncs usually take,
    and whenever several syncs of one mapping are waited for. When requests are short, they go where
    a sync has most probably ended, and for longest.

    :param api: Whom to ask; closed when nobody waits any more.
    """

    service = "segment"
    batch_size = TOGETHER

    def __init__(self, api: SegmentApi) -> None:
        self.api: SegmentApi = api
        self._forecast = Forecast()

    def ask_one(self, key: SyncKey) -> SyncStatus:
        """Return one sync."""
        mapping = self.group(key)
        is_new = len(key) == 3 and not self._forecast.knows(mapping)
        if is_new:
            # What may not be listed can still be asked for alone.
            with suppress(AuthError, InvalidRequestError, NotFoundError):
                found = self.ask_many([key]).get(key)
                if found is not None:
                    return found
        state = self.api.get_reverse_etl_sync_status(key[0], key[1])
        if is_new and not self._forecast.knows(mapping):
            # It is not listed again: the next syncs of the mapping tell how long they take.
            self._forecast.learn(mapping, ())
        self._learn(key, state)
        return state

    def ask_many(self, keys: Sequence[SyncKey]) -> Mapping[SyncKey, SyncStatus]:
        """Return those syncs of a mapping that are among the newest."""
        listed = list(
            self.api.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
                keys[0][0], keys[0][-1], limit=LISTED
            )
        )
        by_id = {sync["syncId"]: sync for sync in listed}
        found = {key: by_id[key[1]] for key in keys if key[1] in by_id}
        mapping = self.group(keys[0])
        if not self._forecast.knows(mapping):
            self._forecast.learn(mapping, filter(None, map(_lasted, reversed(listed))))
        for key, state in found.items():
            self._learn(key, state)
        return found

    def group(self, key: SyncKey) -> Hashable:
        """Return the mapping, or the sync itself while that is not known."""
        return (key[0], key[2]) if len(key) == 3 else key

    def urgency(self, key: SyncKey, began: float, looked: float | None, now: float) -> float:
        """Return for how many seconds the sync has probably ended unseen."""
        began = min(began, now)
        looked = began if looked is None else looked
        return self._forecast.of(self.group(key)).gain(looked - began, now - began)

    def progress(self, key: SyncKey, state: SyncStatus | None) -> str | None:
        """Return how many rows a sync has handled, as its state tells."""
        return None if state is None or self.ended(state) else describe_progress(state)

    def server_time(self) -> float | None:
        """Return the time by Segment's clock, as its last answer has told."""
        return self.api.transport.server_time

    def age(self, state: SyncStatus) -> float | None:
        """Return for how many seconds a sync has been going on, by Segment's clock."""
        began, now = seconds_of(state.get("startedAt")), self.server_time()
        return None if began is None or now is None else max(0.0, now - began)

    def free_in(self) -> float:
        """Return the seconds until the budget for looking at syncs has room for a request."""
        return self.api.budget.free_in()

    def ended(self, state: SyncStatus) -> bool:
        """Return whether a sync has ended."""
        return outcome(state) is not None

    def ended_at(self, state: SyncStatus) -> float | None:
        """Return when a sync has finished."""
        return seconds_of(state.get("finishedAt"))

    def label(self, state: SyncStatus) -> str:
        """Return Segment's word for the status, and which phase goes on."""
        return label(state)

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def _learn(self, key: SyncKey, state: SyncStatus) -> None:
        lasted = _lasted(state)
        if lasted is not None:
            self._forecast.learn(self.group(key), [lasted])


def _lasted(sync: SyncStatus) -> float | None:
    """Return how many seconds a sync took that was carried out to its end."""
    if outcome(sync) not in (Outcome.SUCCESS, Outcome.PARTIAL):
        return None
    return seconds_between(sync.get("startedAt"), sync.get("finishedAt"))
