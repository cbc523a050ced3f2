"""Start, read and cancel syncs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from ..warehouse import Warehouse
from .config import MappingSettings, Source
from .destinations import Destination
from .errors import ApiError, conflict, invalid, not_found
from .model import Model
from .model_store import ModelStore
from .pool import WorkerPool
from .runner import Plan, SyncRunner
from .stop import StopReason, StopSignal
from .sync import Sync, SyncStatus
from .sync_store import SyncStore
from .times import Clock

_SHUTDOWN_SECONDS = 15.0


@dataclass(frozen=True)
class CancelAnswer:
    """What the API says to a cancel: a status, or why there is nothing to cancel."""

    status: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class SyncService:
    """Checks what a request asks for and hands the work to the pool.

    :param open_warehouse: return the warehouse that a source reads.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        models: ModelStore,
        mappings: Mapping[str, MappingSettings],
        destinations: Mapping[str, Destination],
        open_warehouse: Callable[[Source], Warehouse],
        syncs: SyncStore,
        runner: SyncRunner,
        pool: WorkerPool,
        clock: Clock,
    ) -> None:
        self._sources = sources
        self._models = models
        self._mappings = mappings
        self._destinations = destinations
        self._open_warehouse = open_warehouse
        self._syncs = syncs
        self._runner = runner
        self._pool = pool
        self._clock = clock
        self._starting = threading.Lock()
        self._stops: dict[str, StopSignal] = {}

    def start(self, source_id: str, model_id: str, mapping_id: str) -> Sync:
        """Start a sync in the background.

        :raises ApiError: 404 or 422 when the three do not exist or do not belong together, 409
            while a sync of the mapping runs.
        """
        source, model, mapping = self._resolve(source_id, model_id, mapping_id)
        plan = Plan(
            model=model,
            mapping=mapping,
            warehouse=self._open_warehouse(source),
            destination=self._destinations[mapping.destination_id],
        )
        with self._starting:
            self._refuse_second_start(mapping)
            sync = Sync(
                id=f"sync_{uuid4().hex}",
                ordinal=self._syncs.next_ordinal(),
                source_id=source.id,
                model_id=model.id,
                mapping_id=mapping.id,
                started_at=self._clock(),
            )
            self._syncs.add(sync)
            stop = self._stops[sync.id] = StopSignal()
        self._pool.submit(lambda: self._work(sync.id, plan, stop))
        return sync

    def get(self, model_id: str, sync_id: str) -> Sync:
        """Return a sync of a model."""
        sync = self._syncs.find(sync_id)
        if sync is None or sync.model_id != model_id:
            raise not_found("sync of this model", sync_id, "syncId")
        return sync

    def of_mapping(self, model_id: str, mapping_id: str) -> list[Sync]:
        """List the syncs of a mapping, newest first."""
        if self._models.find(model_id) is None:
            raise not_found("model", model_id, "modelId")
        mapping = self._mappings.get(mapping_id)
        if mapping is None or mapping.model_id != model_id:
            raise not_found("mapping of this model", mapping_id, "subscriptionId")
        return self._syncs.of_mapping(mapping_id)

    def cancel(self, model_id: str, sync_id: str) -> CancelAnswer:
        """Ask a sync to stop; records that were delivered by then stay delivered."""
        sync = self.get(model_id, sync_id)
        stop = self._stops.get(sync_id)
        if sync.status is SyncStatus.CANCELLED or (stop is not None and stop.is_set):
            return CancelAnswer(
                error_code="SyncAlreadyCanceled", error_message="The sync was cancelled before."
            )
        if stop is None or not sync.is_running:
            return CancelAnswer(
                error_code="SyncFinishedCannotCancel",
                error_message=f"The sync has ended with {sync.status.value}.",
            )
        stop.set(StopReason.CANCELLED)
        return CancelAnswer(status="CANCELLING")

    def close(self) -> None:
        """Stop the running syncs, which end as FAIL, and wait for their threads."""
        for stop in list(self._stops.values()):
            stop.set(StopReason.SHUTDOWN)
        self._pool.close(_SHUTDOWN_SECONDS)
        for destination in self._destinations.values():
            destination.close()

    def _work(self, sync_id: str, plan: Plan, stop: StopSignal) -> None:
        try:
            self._runner.run(sync_id, plan, stop)
        finally:
            self._stops.pop(sync_id, None)

    def _resolve(
        self, source_id: str, model_id: str, mapping_id: str
    ) -> tuple[Source, Model, MappingSettings]:
        source = self._sources.get(source_id)
        if source is None:
            raise not_found("source", source_id, "sourceId")
        model = self._models.find(model_id)
        if model is None:
            raise not_found("model", model_id, "modelId")
        mapping = self._mappings.get(mapping_id)
        if mapping is None:
            raise not_found("mapping", mapping_id, "subscriptionId")
        if model.source_id != source_id:
            raise invalid("modelId", f"The model {model_id!r} does not read {source_id!r}.")
        if mapping.model_id != model_id:
            raise invalid(
                "subscriptionId", f"The mapping {mapping_id!r} is not one of {model_id!r}."
            )
        if not model.enabled:
            raise invalid("modelId", f"The model {model_id!r} is disabled; enable it to sync it.")
        return source, model, mapping

    def _refuse_second_start(self, mapping: MappingSettings) -> None:
        """Decide what happens to a start while a sync of the same mapping runs: it is refused.

        What Segment itself does there is documented only as a 409 in general.
        """
        running = self._syncs.running(mapping.id)
        if running is not None:
            raise _already_running(mapping, running)


def _already_running(mapping: MappingSettings, running: Sync) -> ApiError:
    return conflict(
        f"A sync of the mapping {mapping.id!r} is already running.", {"syncId": running.id}
    )
