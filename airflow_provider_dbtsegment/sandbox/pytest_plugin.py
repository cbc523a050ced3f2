"""
Fixtures for the tests of your own DAGs; pytest finds them where this package is installed.

``dbtsegment_sandbox`` is both services, empty at the beginning of each test, with the connections
``dbt_cloud_default`` and ``segment_default`` to them. A mark says what it is to offer::

    @pytest.mark.dbtsegment(project="path/to/a/dbt/project", faults=True)
    def test_my_dag(dbtsegment_sandbox): ...
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_dbtsegment.sandbox.extra import NOT_INSTALLED

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
    from airflow_provider_dbtsegment.sandbox.running import Sandbox

MARK = "dbtsegment"
OPTIONS = ("project", "config", "faults")


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest the mark."""
    about = "dbtsegment(project=, config=, faults=): what dbtsegment_sandbox offers in this test"
    config.addinivalue_line("markers", about)


@pytest.fixture(scope="session")
def dbtsegment_dbt() -> Iterator[DbtClient]:
    """A dbt for all sandboxes of the test run; it takes seconds to warm up."""
    try:
        from airflow_provider_dbtsegment.sandbox.dbt.client import DbtClient
    except ImportError as error:
        raise pytest.UsageError(NOT_INSTALLED) from error
    with DbtClient() as dbt:
        yield dbt


@pytest.fixture
def dbtsegment_sandbox(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    dbtsegment_dbt: DbtClient,
) -> Iterator[Sandbox]:
    """Both services, and connections to them for as long as the test runs."""
    try:
        from airflow_provider_dbtsegment.sandbox.running import SHOP, running_sandbox
    except ImportError as error:
        raise pytest.UsageError(NOT_INSTALLED) from error
    options = _options(request)
    config = options.get("config")
    with running_sandbox(
        tmp_path_factory.mktemp("dbtsegment"),
        Path(options.get("project", SHOP)),
        None if config is None else Path(config),
        dbt=dbtsegment_dbt,
        faults=bool(options.get("faults")),
    ) as sandbox:
        for conn_id, connection in sandbox.connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        yield sandbox


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    mark = request.node.get_closest_marker(MARK)
    if mark is None:
        return {}
    if mark.args or not set(mark.kwargs) <= set(OPTIONS):
        raise pytest.UsageError(f"The mark {MARK} takes {', '.join(OPTIONS)}, by name.")
    return dict(mark.kwargs)
