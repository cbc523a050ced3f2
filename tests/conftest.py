from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.rest import budget
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.sandbox.testing import Sandbox, running_sandbox
from tests.scripted_server import ScriptedServer, scripted_server

TINY = Path(__file__).parent / "data" / "tiny"
COUNTED = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a line at the end of the tests, such as how many things were counted."""
    return request.config.stash.setdefault(COUNTED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted."""
    for line in terminalreporter.config.stash.get(COUNTED, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Both services, on a project so small that its runs take a second."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), TINY) as sandbox:
        # The models of Segment need no table, but a warehouse to ask.
        duckdb.connect(str(sandbox.warehouse)).close()
        yield sandbox


@pytest.fixture
def own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own as to what it may ask of the services."""
    monkeypatch.setattr(budget, "_budgets", {})


@pytest.fixture
def connections(own_budget: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connections, as a user gives them by environment variables."""
    dbt_cloud = {
        "conn_type": "dbt_cloud_admin",
        "host": sandbox.url,
        "login": str(sandbox.account_id),
        "password": sandbox.dbt_token,
    }
    segment = {
        "conn_type": "segment_public_api",
        "host": sandbox.url,
        "password": sandbox.segment_token,
    }
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(dbt_cloud))
    monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", json.dumps(segment))


@pytest.fixture
def dbt_cloud(connections: None) -> Iterator[DbtCloudHook]:
    hook = DbtCloudHook()
    yield hook
    hook.close()


@pytest.fixture
def person(sandbox: Sandbox, dbt_cloud: DbtCloudHook) -> Iterator[DbtCloudApi]:
    """dbt Cloud as a person uses it, with another token than Airflow's."""
    grants = [{"permission_set": "job_admin", "all_projects": True}]
    made = dbt_cloud.create_service_token({"name": "A person", "permission_grants": grants})
    transport = TransportSettings(sandbox.url, TokenAuth(made["token_string"]))
    api = DbtCloudApi(DbtCloudSettings(transport, account_id=sandbox.account_id))
    yield api
    api.close()


@pytest.fixture
def segment(connections: None) -> Iterator[SegmentHook]:
    hook = SegmentHook()
    yield hook
    hook.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as it is told."""
    with scripted_server() as server:
        yield server
