"""Segment's Public API on this machine: Reverse ETL on DuckDB, and the trigger of dbt model syncs.

Requests go ``guard → routes → services (models, syncs, dbt_model_syncs) → stores``; a sync goes
``syncs → pool → runner → extract → changes → destinations``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool

from ..config import Config
from ..warehouse import Warehouse
from .catalog import build_catalog
from .config import Source, parse_config
from .dbt_model_syncs import DbtModelSyncService
from .destinations import open_destination
from .folders import Folders
from .guard import Guard
from .journal import Journal
from .listener import Listener
from .model_store import ModelStore
from .models import ModelService
from .page import build_pages
from .pool import WorkerPool
from .rate_limit import RateLimiter
from .routes import build_router
from .runner import SyncRunner
from .sync_store import SyncStore
from .syncs import SyncService
from .times import Clock

__all__ = ["create_router"]


def create_router(
    config: Config,
    state_dir: Path,
    warehouse: Warehouse,
    *,
    clock: Clock = time.time,
    pace: Clock | None = None,
    listener: Listener | None = None,
    tokens: Callable[[], Sequence[str]] | None = None,
) -> APIRouter:
    """Return the API as a router; its lifespan, which ``include_router`` takes over, stops syncs.

    :param state_dir: syncs, changed models and snapshots live below it, and files of destinations.
    :param warehouse: what sources read that name no database of their own.
    :param pace: by which requests are limited, when that is not the clock that is shown.
    :param listener: is told of what is started.
    :param tokens: returns what opens it instead of the configured token, if it returns anything.
    :raises ConfigError: the ``segment`` section cannot be used.
    """
    settings = parse_config(config.segment)
    folders = Folders(state_dir)
    folders.clear_scratch()

    def open_warehouse(source: Source) -> Warehouse:
        if source.database is None:
            return warehouse
        return Warehouse(state_dir / source.database, warehouse.settings)

    models = ModelStore(settings.models, Journal(folders.models))
    stored = SyncStore(Journal(folders.syncs), clock)
    syncs = SyncService(
        sources=settings.sources,
        models=models,
        mappings=settings.mappings,
        destinations={
            id_: open_destination(destination, state_dir)
            for id_, destination in settings.destinations.items()
        },
        open_warehouse=open_warehouse,
        syncs=stored,
        runner=SyncRunner(stored, folders, clock),
        pool=WorkerPool(settings.workers, "segment-sync"),
        clock=clock,
    )
    dbt_model_syncs = DbtModelSyncService(settings.sources, Journal(folders.dbt_model_syncs), clock)
    if listener is not None:
        stored.listen(listener.on_sync)
        dbt_model_syncs.listen(listener.on_dbt_model_sync)

    def valid_tokens() -> Sequence[str]:
        return (tokens() if tokens else ()) or (settings.token,)

    guard = Guard(valid_tokens, settings.rate_limits, RateLimiter(clock, pace or clock))
    router = build_router(
        guard=guard,
        models=ModelService(settings.sources, models),
        syncs=syncs,
        dbt_model_syncs=dbt_model_syncs,
        clock=clock,
        workspace=settings.workspace,
    )
    router.include_router(build_catalog(settings, guard))
    router.include_router(build_pages(syncs))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(syncs.close)

    router.lifespan_context = lifespan
    return router
