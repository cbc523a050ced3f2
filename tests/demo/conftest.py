from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.progress import Progress
from airflow_provider_dbtsegment.demo.run import installation
from airflow_provider_dbtsegment.demo.sandbox_server import SandboxServer

HERE = Path(__file__).parent
EXAMPLE_DAGS = HERE.parents[1] / "example_dags"


@pytest.fixture(scope="session")
def airflow_cache(request: pytest.FixtureRequest) -> Path:
    """Where an empty Airflow database outlives the test run; making one takes seconds."""
    return request.config.cache.mkdir("local_airflow")


@pytest.fixture(scope="session")
def progress() -> Progress:
    return Progress(Console())


@pytest.fixture(scope="session")
def both_services(
    tmp_path_factory: pytest.TempPathFactory, airflow_cache: Path, progress: Progress
) -> Iterator[tuple[LocalAirflow, SandboxServer]]:
    """One Airflow and one sandbox for the whole test run, with the demo's DAG and our own."""
    folder = tmp_path_factory.mktemp("demo")
    dags = folder / "dags"
    shutil.copytree(EXAMPLE_DAGS, dags, ignore=shutil.ignore_patterns("__pycache__"))
    for own in ("waits.py", "few_workers.py"):
        shutil.copy(HERE / "dags" / own, dags)
    airflow = LocalAirflow(folder / "airflow", dags, cache=airflow_cache)
    with installation(folder, airflow, progress) as sandbox:
        airflow.wait_for_dag("waits")
        yield airflow, sandbox


@pytest.fixture
def local_airflow(both_services: tuple[LocalAirflow, SandboxServer]) -> LocalAirflow:
    return both_services[0]
