"""Every sync that was ever started, in memory and on disk."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .journal import Journal
from .sync import Sync, SyncStatus
from .times import Clock

SERVER_STOPPED = "ServerStopped"


class SyncStore:
    """Holds syncs as immutable records: readers take no lock for what they have been given.

    Progress inside a phase lives in memory only; starts, phases and ends are written down.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Sync], None]] = []
        self._syncs: dict[str, Sync] = {}
        self._by_mapping: dict[str, list[str]] = defaultdict(list)
        stored = sorted(map(Sync.from_document, journal.read_all()), key=lambda sync: sync.ordinal)
        self._last_ordinal = stored[-1].ordinal if stored else 0
        for sync in stored:
            self._keep(sync)
            if sync.is_running:
                self._end_orphan(sync, clock())

    def listen(self, listener: Callable[[Sync], None]) -> None:
        """Tell ``listener`` of each new sync before anybody can see it; it must be quick."""
        self._listeners.append(listener)

    def next_ordinal(self) -> int:
        """Return a number that is greater than that of every earlier sync."""
        with self._lock:
            self._last_ordinal += 1
            return self._last_ordinal

    def add(self, sync: Sync) -> None:
        """Keep a new sync."""
        with self._lock:
            self._journal.write(sync.id, sync.to_document())
            for listener in self._listeners:
                listener(sync)
            self._keep(sync)

    def find(self, sync_id: str) -> Sync | None:
        """Return the sync as it stands now."""
        return self._syncs.get(sync_id)

    def change(self, sync_id: str, *, write: bool = True, **values: Any) -> Sync:
        """Replace some values of a sync; ``write=False`` keeps that from the disk for now."""
        with self._lock:
            sync = replace(self._syncs[sync_id], **values)
            if write:
                self._journal.write(sync.id, sync.to_document())
            self._syncs[sync_id] = sync
        return sync

    def of_mapping(self, mapping_id: str) -> list[Sync]:
        """List the syncs of a mapping, newest first."""
        with self._lock:
            return [self._syncs[sync_id] for sync_id in reversed(self._by_mapping[mapping_id])]

    def running(self, mapping_id: str) -> Sync | None:
        """Return the sync of a mapping that has not ended yet."""
        with self._lock:
            # A mapping runs one sync at a time, so only the newest can still run.
            ids = self._by_mapping[mapping_id]
            newest = self._syncs[ids[-1]] if ids else None
        return newest if newest is not None and newest.is_running else None

    def _keep(self, sync: Sync) -> None:
        self._syncs[sync.id] = sync
        self._by_mapping[sync.mapping_id].append(sync.id)

    def _end_orphan(self, sync: Sync, now: float) -> None:
        self.change(
            sync.id,
            status=SyncStatus.FAIL,
            finished_at=now,
            error="The server stopped while this sync was running.",
            error_code=SERVER_STOPPED,
        )
