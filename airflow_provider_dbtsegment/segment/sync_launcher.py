"""Start Reverse ETL syncs of a mapping, and find them again among the mapping's syncs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    InvalidRequestError,
    NotFoundError,
    RequestError,
)
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.launching.protocol import CancelledBy, PriorRun
from airflow_provider_dbtsegment.outcomes import Outcome, seconds_of
from airflow_provider_dbtsegment.segment.sync_history import History, read_history
from airflow_provider_dbtsegment.segment.sync_policy import SyncPolicy
from airflow_provider_dbtsegment.segment.types import SyncStatus, outcome

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment import SegmentApi

#: How many of a mapping's newest syncs are searched.
SEARCHED = 100
#: The status with which Segment refuses a start while a sync of the mapping is running.
CONFLICT = 409
#: How many such refusals in a row are accepted while no sync is listed as running.
MAX_CONFLICTS = 3


@dataclass
class SyncLauncher:
    """
    Start a sync of a mapping.

    A sync carries no marker. It is told from others by what the mapping's list of syncs held before
    the start. So a sync that somebody else starts in the same seconds is taken for ours: it began
    after the request, and carries the same rows.

    :param policy: Decides whether a sync that rejected rows counts as a success.
    """

    api: SegmentApi
    source_id: str
    model_id: str
    subscription_id: str
    policy: SyncPolicy = field(default_factory=SyncPolicy)
    _conflicts: int = field(default=0, init=False, repr=False)

    service = "Segment"
    noun = "sync"
    is_marked = False

    @property
    def what(self) -> str:
        """What is started, for messages."""
        return f"A sync of Segment mapping {self.subscription_id}"

    @property
    def where(self) -> str:
        """Where a person sees it, for messages."""
        return f"the syncs of mapping {self.subscription_id} in Segment"

    @property
    def work(self) -> Mapping[str, str | int]:
        """Return what is started, as it is recorded."""
        return {
            "service": "segment",
            "origin": self.api.settings.transport.base_url,
            "source": self.source_id,
            "model": self.model_id,
            "mapping": self.subscription_id,
        }

    @property
    def key(self) -> str:
        """Return the name of the work in the launch records."""
        return f"segment/model {self.model_id}/mapping {self.subscription_id}"

    def describe_marker(self, marker: Marker) -> str:
        """Return how a person recognizes what an attempt has started."""
        return f"a sync that began with attempt {marker.attempt} of this task"

    def baseline(self) -> dict[str, Any]:
        """Return when the mapping's newest sync began, and the ids of those that began then."""
        syncs = self._list()
        began = {sync["syncId"]: seconds_of(sync.get("startedAt")) for sync in syncs}
        newest = max((at for at in began.values() if at is not None), default=None)
        return {
            "began": newest,
            "sync_ids": [id for id, at in began.items() if at is None or at == newest],
        }

    def submit(self, marker: Marker, before_first_byte: Callable[[], None]) -> str:
        """Start a sync."""
        api = self.api.sending_once(before_first_byte)
        return api.create_reverse_etl_manual_sync(
            self.source_id, self.model_id, self.subscription_id
        )["syncId"]

    def can_resume(self, failed: str) -> bool:
        """Return `False`: Segment cannot go on from where a sync failed."""
        return False

    def submit_resume(
        self, failed: str, marker: Marker, before_first_byte: Callable[[], None]
    ) -> str:
        """Start a sync; there is nothing to resume."""
        return self.submit(marker, before_first_byte)

    def find(self, baseline: Any, since: float | None) -> Sequence[PriorRun[str]]:
        """Return the mapping's syncs that began after the baseline, newest first."""
        before, newest = (), None
        if isinstance(baseline, dict):
            before, newest = baseline.get("sync_ids") or (), baseline.get("began")
        found = []
        listed = self._list()
        for sync in listed:
            began = seconds_of(sync.get("startedAt"))
            is_older = isinstance(newest, (int, float)) and began is not None and began < newest
            if sync["syncId"] not in before and not is_older:
                how = self.policy.outcome(sync, partial(History.before, sync, listed, SEARCHED))
                found.append(PriorRun(sync["syncId"], how, began=began))
        return found

    def outcome(self, id: str) -> Outcome | None:
        """Return the outcome of a sync, or `None` while it is running."""
        sync = self.api.get_reverse_etl_sync_status(self.model_id, id)
        history = partial(read_history, self.api, sync, self.model_id, self.subscription_id)
        return self.policy.outcome(sync, history)

    def find_active(self) -> str | None:
        """Return the mapping's running sync, whoever started it."""
        return next((sync["syncId"] for sync in self._list() if outcome(sync) is None), None)

    def is_busy(self, error: Exception) -> bool:
        """Return whether Segment refused a start because a sync of the mapping is running."""
        if not isinstance(error, InvalidRequestError) or error.status != CONFLICT:
            return False
        try:
            active = self.find_active()
        except RequestError:
            active = None
        # Where none is listed, it may have ended since, or may not be listed yet.
        self._conflicts = self._conflicts + 1 if active is None else 0
        return self._conflicts <= MAX_CONFLICTS

    def cancelled_by(self, id: str) -> CancelledBy:
        """Return that it is unknown: Segment does not say who cancelled a sync."""
        return CancelledBy.UNKNOWN

    def server_time(self) -> float | None:
        """Return the time by Segment's clock, if it has told it."""
        return self.api.transport.server_time

    def of(self, work: Mapping[str, Any]) -> SyncLauncher | None:
        """Return the launcher of another mapping that the same connection reaches, if it does."""
        ids = {name: work.get(name) for name in ("source", "model", "mapping")}
        reaches = work.get("origin") == self.work["origin"] and work.get("service") == "segment"
        if not reaches or not all(isinstance(id, str) for id in ids.values()):
            return None
        return replace(
            self,
            source_id=str(ids["source"]),
            model_id=str(ids["model"]),
            subscription_id=str(ids["mapping"]),
        )

    def is_same(self, id: str, marker: str | None) -> bool:
        """Return whether a sync recorded under another host is there; ids are unique."""
        try:
            self.api.get_reverse_etl_sync_status(self.model_id, id)
        except NotFoundError as error:
            if not error.from_service:
                raise
            return False
        return True

    def cancel(self, id: str) -> None:
        """Cancel a sync."""
        self.api.cancel_reverse_etl_sync_for_model(self.model_id, id)

    def _list(self) -> list[SyncStatus]:
        return list(
            self.api.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
                self.model_id, self.subscription_id, limit=SEARCHED
            )
        )
