"""A simulated Segment: two mappings and their syncs, as launching and waiting ask for them."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from airflow_provider_dbtsegment.exceptions import InvalidRequestError
from airflow_provider_dbtsegment.launching.marker import Marker
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment.sync_launcher import SyncLauncher
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from airflow_provider_dbtsegment.segment.types import outcome
from tests.histories.service import ENDS, WHERE, Simulated, Thing
from tests.histories.world import World

MODEL = "model"
MAPPINGS = ("mapping", "other mapping")
WORDS = {
    None: "IN_PROGRESS",
    Outcome.SUCCESS: "SUCCESS",
    Outcome.PARTIAL: "PARTIAL_SUCCESS",
    Outcome.FAILED: "FAIL",
    Outcome.CANCELLED: "CANCELED",
}


class Segment(Simulated):
    """The service: its syncs, and how it answers."""

    can_be_marked = False
    ends_with = (*ENDS, Outcome.PARTIAL)

    def __init__(self, world: World, longest_trouble: float) -> None:
        super().__init__(world, longest_trouble)
        self.skew = timedelta(seconds=world.tape.pick((0, 300, -300)))
        self.tells_time = world.tape.pick((True, False))
        self.one_at_a_time = world.tape.pick((False, True))
        self.foreign_marker = ""

    def launcher(self, marker: Marker, work: int, accepted: list[Outcome]) -> SyncLauncher:
        """Return how an attempt starts a sync."""

        client: Any = self.client(marker.attempt)
        policy: Any = Policy(accepted)
        return SyncLauncher(client, "source", MODEL, MAPPINGS[work], policy)

    def client(self, sender: int) -> Client:
        """Return the API as an attempt has it."""
        return Client(self, sender)

    def source(self) -> SyncSource:
        """Return how it is waited for."""
        return SyncSource(self.client(0))  # type: ignore[arg-type]

    def key(self, id: str) -> tuple[str, str]:
        """Return by what a sync is waited for."""
        return MODEL, id

    def somebody_starts(self) -> None:
        """Let somebody else start a sync."""
        self.others_start(None)

    def _new_id(self) -> str:
        return f"sync-{len(self.things)}"

    def shown_as(self, sync: Thing) -> dict[str, Any]:
        """Return a sync as Segment writes it."""
        found = sync.outcome(self.world.now)
        return {
            "syncId": sync.id,
            "modelId": MODEL,
            "syncStatus": WORDS[found],
            "startedAt": self._written(sync.began),
            "finishedAt": self._written(sync.ends) if found else None,
        }

    def _written(self, at: float) -> str:
        time = datetime.fromtimestamp(at, timezone.utc) + self.skew
        return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Policy:
    """Accepts partial successes, or does not, whatever the counts."""

    def __init__(self, accepted: list[Outcome]) -> None:
        self._accepted = accepted

    def outcome(self, sync: Any, history: object) -> Outcome | None:
        """Return the outcome of a sync; never a partial one."""
        found = outcome(sync)
        if found is not Outcome.PARTIAL:
            return found
        return Outcome.SUCCESS if found in self._accepted else Outcome.FAILED


class Client:
    """The methods of the API that are used, by their names and rules."""

    def __init__(self, service: Segment, sender: int) -> None:
        self._service = service
        self._sender = sender
        self._before_first_byte: Callable[[], None] = lambda: None
        self.settings = SimpleNamespace(transport=SimpleNamespace(base_url=WHERE["url"]))
        self.budget = SimpleNamespace(free_in=lambda: 0.0)

    @property
    def renewed_at(self) -> float:
        """When the token that is used now was read."""
        return self._service.renewed_at

    def renew(self) -> bool:
        """Read the connection again, and return whether it holds another token."""
        return self._service.renew()

    def sending_once(self, before_first_byte: Callable[[], None]) -> Client:
        other = copy(self)
        other._before_first_byte = before_first_byte
        return other

    @property
    def transport(self) -> Any:
        """What answers say besides what was asked for."""
        service = self._service
        if not service.tells_time:
            return SimpleNamespace(ahead=None, server_time=None)
        time = service.world.now + service.skew.total_seconds()
        return SimpleNamespace(ahead=service.skew, server_time=time)

    def create_reverse_etl_manual_sync(self, source: str, model: str, mapping: str) -> Any:
        service, sender, work = self._service, self._sender, MAPPINGS.index(mapping)
        facts = {"sender": sender, "work": work, **service.facts()}

        def make(now: float) -> Thing:
            return service.new(now, **facts)

        def before_first_byte() -> None:
            self._before_first_byte()
            active = [
                one
                for one in service.things
                if one.work == work and one.outcome(service.world.now) is None
            ]
            if active and service.one_at_a_time:
                service.world.tell(f"POST sync is refused: {active[0].id} is running")
                raise InvalidRequestError("a sync is running", **WHERE, status=409)

        return service.shown_as(service.start("POST sync", work, sender, before_first_byte, make))

    def get_reverse_etl_sync_status(self, model_id: str, sync_id: str) -> dict[str, Any]:
        service = self._service
        return service.call("GET sync", lambda: service.shown_as(service.by_id(sync_id)))

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, model_id: str, subscription_id: str, *, limit: int
    ) -> list[dict[str, Any]]:
        service, work = self._service, MAPPINGS.index(subscription_id)

        def read() -> list[dict[str, Any]]:
            return [service.shown_as(thing) for thing in service.shown(work)][:limit]

        return service.call("GET syncs", read)

    def cancel_reverse_etl_sync_for_model(self, model_id: str, sync_id: str) -> None:
        service = self._service
        stops_after = service.world.tape.pick((0.0, 5.0, 40.0))
        service.call("POST cancel", lambda: service.cancel(sync_id, self._sender, stops_after))

    def close(self) -> None: ...
