"""A made-up Segment: one mapping and its syncs, as far as launching and waiting ask for them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from airflow_provider_dbtsegment.exceptions import InvalidRequestError
from airflow_provider_dbtsegment.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.sync_launch import SyncLaunch
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from tests.histories.service import ENDS, WHERE, Simulated, Thing
from tests.histories.world import World

MODEL, MAPPING = "model", "mapping"
WORDS = {
    None: "IN_PROGRESS",
    Outcome.SUCCESS: "SUCCESS",
    Outcome.PARTIAL: "PARTIAL_SUCCESS",
    Outcome.FAILED: "FAIL",
    Outcome.CANCELLED: "CANCELED",
}


class Segment(Simulated):
    """The methods of the API that are used, by their names and rules."""

    can_be_marked = False
    ends_with = (*ENDS, Outcome.PARTIAL)

    def __init__(self, world: World, longest_trouble: float) -> None:
        super().__init__(world, longest_trouble)
        self._skew = timedelta(seconds=world.tape.pick((0, 300, -300)))
        #: By how much the clock is ahead, if answers tell.
        ahead = self._skew if world.tape.pick((True, False)) else None
        self.transport = SimpleNamespace(ahead=ahead, server_time=None)
        self.budget = SimpleNamespace(free_in=lambda: 0.0)
        self._one_at_a_time = world.tape.pick((False, True))

    def launchable(self, marker: Marker, since: float) -> SyncLaunch:
        """Return how a try launches."""
        return SyncLaunch(
            self,  # type: ignore[arg-type]
            source_id="source",
            model_id=MODEL,
            subscription_id=MAPPING,
            marker=marker,
            since=_time(since),
        )

    def source(self) -> SyncSource:
        """Return how it is waited for."""
        return SyncSource(self)  # type: ignore[arg-type]

    def key(self, id: str) -> tuple[str, str]:
        """Return by what a sync is waited for."""
        return MODEL, id

    def somebody_starts(self) -> None:
        """Let somebody else start a sync."""
        self.others_start(None)

    # The API.

    def create_reverse_etl_manual_sync(self, *_: str) -> dict[str, Any]:
        sender = self.sender

        def make(now: float) -> Thing:
            return self.new(now, sender=sender, claimed=sender)

        going_on = [one for one in self.things if one.outcome(self.world.now) is None]
        if going_on and self._one_at_a_time:
            self.world.tell(f"POST sync is refused: {going_on[0].id} is going on")
            raise InvalidRequestError("a sync is going on", **WHERE, status=409)
        return self._shown_as(self.start("POST sync", make))

    def get_reverse_etl_sync_status(self, model_id: str, sync_id: str) -> dict[str, Any]:
        return self.call("GET sync", lambda: self._shown_as(self.by_id(sync_id)))

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, model_id: str, subscription_id: str, *, limit: int
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            return [self._shown_as(thing) for thing in self.shown()][:limit]

        return self.call("GET syncs", read)

    def cancel_reverse_etl_sync_for_model(self, model_id: str, sync_id: str) -> None:
        stops_after = self.world.tape.pick((0.0, 5.0, 40.0))
        self.call("POST cancel", lambda: self.by_id(sync_id).cancel(self.world.now, stops_after))

    def cancel_run(self, sync_id: str) -> None:
        """Cancel, by the name that dbt Cloud has for it."""
        self.cancel_reverse_etl_sync_for_model(MODEL, sync_id)

    def close(self) -> None: ...

    def _new_id(self) -> str:
        return f"sync-{len(self.things)}"

    def _shown_as(self, sync: Thing) -> dict[str, Any]:
        outcome = sync.outcome(self.world.now)
        finished = self._written(sync.ends) if outcome else None
        return {
            "syncId": sync.id,
            "modelId": MODEL,
            "syncStatus": WORDS[outcome],
            "startedAt": self._written(sync.began),
            "finishedAt": finished,
        }

    def _written(self, at: float) -> str:
        return (_time(at) + self._skew).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, timezone.utc)
