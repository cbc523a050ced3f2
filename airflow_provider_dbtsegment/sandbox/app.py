"""The sandbox as one app: dbt Cloud below ``/api``, run pages below ``/deploy``, Segment beside."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.config import Config
from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
from airflow_provider_dbtsegment.sandbox.dbt_cloud.api import create_api
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError, NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.page import create_pages
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud
from airflow_provider_dbtsegment.sandbox.faults.control import create_control
from airflow_provider_dbtsegment.sandbox.faults.fault import FaultError
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.segment import create_router
from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse


def create_app(
    config: Config,
    state_dir: Path,
    project_dir: Path,
    dbt: DbtClient | None = None,
    faults: Faults | None = None,
) -> FastAPI:
    """Make the app.

    :param state_dir: the DuckDB file, runs and syncs live here, and are found again.
    :param project_dir: the dbt project that runs copy and build.
    :param dbt: a started client to share; without one, dbt starts and stops with the app.
    :param faults: notes what is started, and says what time it is.
    """
    state_dir = state_dir.resolve()
    warehouse = Warehouse(state_dir / config.warehouse.database, config.warehouse.settings)
    is_shared = dbt is not None
    dbt = dbt or DbtClient()
    clock = Clock() if faults is None else faults.clock
    dbt_cloud = DbtCloud(config, state_dir, project_dir.resolve(), warehouse, dbt, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not is_shared:
            dbt.start()
        try:
            yield
        finally:
            await run_in_threadpool(dbt_cloud.stop)
            if not is_shared:
                await run_in_threadpool(dbt.close)

    app = FastAPI(
        title="Sandbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.dbt_cloud = dbt_cloud
    app.mount("/api", create_api(dbt_cloud))
    app.include_router(create_pages(dbt_cloud))
    app.include_router(
        create_router(
            config,
            state_dir,
            warehouse,
            clock=clock,
            pace=time.monotonic,
            listener=None if faults is None else faults.started,
            tokens=None if faults is None else lambda: faults.segment_tokens,
        )
    )
    if faults is not None:
        dbt_cloud.runs.store.listen(faults.started.on_run)
        faults.on_cancel_run(partial(_cancel_by_itself, dbt_cloud))
        app.include_router(create_control(faults))
    return app


def _cancel_by_itself(dbt_cloud: DbtCloud, run_id: int, message: str) -> None:
    """Cancel a run without an actor."""
    try:
        dbt_cloud.runs.cancel(dbt_cloud.runs.get(run_id), by=None, message=message)
    except NotFoundError as error:
        raise FaultError(f"There is no run {run_id}.") from error
    except ApiError as error:
        raise FaultError(str(error)) from error
