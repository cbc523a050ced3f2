"""Take note of requests to read a source's dbt models from Git."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from uuid import uuid4

from .config import Source
from .errors import not_found
from .journal import Journal
from .times import Clock


@dataclass(frozen=True)
class DbtModelSyncTrigger:
    """One request; the API has nothing that reads what became of it."""

    id: str
    source_id: str
    status: str
    triggered_at: float

    def to_api(self) -> dict[str, str]:
        """Spell the trigger as the API does."""
        return {"id": self.id, "sourceId": self.source_id, "status": self.status}


class DbtModelSyncService:
    """Records triggers, in memory and on disk."""

    def __init__(self, sources: Mapping[str, Source], journal: Journal, clock: Clock) -> None:
        self._sources = sources
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._listeners: list[Callable[[DbtModelSyncTrigger], None]] = []
        stored = [DbtModelSyncTrigger(**document) for document in journal.read_all()]
        self._triggers = sorted(stored, key=lambda trigger: trigger.triggered_at)

    def listen(self, listener: Callable[[DbtModelSyncTrigger], None]) -> None:
        """Tell ``listener`` of each new trigger; it must be quick."""
        self._listeners.append(listener)

    def trigger(self, source_id: str) -> DbtModelSyncTrigger:
        """Record a request for a source."""
        if source_id not in self._sources:
            raise not_found("source", source_id, "sourceId")
        trigger = DbtModelSyncTrigger(
            id=f"dbt_model_sync_{uuid4().hex}",
            source_id=source_id,
            status="TRIGGERED",
            triggered_at=self._clock(),
        )
        with self._lock:
            self._journal.write(trigger.id, asdict(trigger))
            self._triggers.append(trigger)
            for listener in self._listeners:
                listener(trigger)
        return trigger

    def all(self) -> list[DbtModelSyncTrigger]:
        """List the triggers, oldest first."""
        with self._lock:
            return list(self._triggers)
