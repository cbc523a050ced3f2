"""One sandbox behind TLS, and the clients of others that trust it."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dbtc.client import admin

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from tests.conftest import TINY
from tests.judges.dbtc_judge import Judge

ACCOUNT, PROJECT, ENVIRONMENT = 1, 10, 100
BUILD, BROKEN, SLOW = 1, 2, 3
LAST = "test_every_documented_call_is_made"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the count come after what it counts."""
    items.sort(key=lambda item: item.name == LAST)


@pytest.fixture(scope="session")
def dbt() -> Iterator[DbtClient]:
    """The one dbt of all sandboxes here."""
    with DbtClient() as client:
        yield client


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, dbt: DbtClient) -> Iterator[Sandbox]:
    """The sandbox that is judged."""
    with running_sandbox(tmp_path_factory.mktemp("judged"), TINY, tls=True, dbt=dbt) as sandbox:
        yield sandbox


@pytest.fixture
def trusted(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, whose authority requests trusts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cloud.ca))
    return cloud


@pytest.fixture(scope="session")
def called() -> set[str]:
    """The names of dbtc's methods that have succeeded."""
    return set()


@pytest.fixture
def dbtc(trusted: Sandbox, called: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Judge]:
    """dbtc as it is installed, but for its pauses: when it retries, they are of 10 seconds."""
    clock = SimpleNamespace(time=time.time, sleep=lambda _: time.sleep(0.1))
    monkeypatch.setattr(admin, "time", clock)
    with Judge(trusted, called) as judge:
        yield judge


@pytest.fixture
def project(dbtc: Judge) -> Iterator[dict[str, Any]]:
    """A project of the test's own."""
    made = dbtc.create_project(ACCOUNT, {"name": "Of one test", "account_id": ACCOUNT})
    yield made
    dbtc.delete_project(ACCOUNT, made["id"])


@pytest.fixture
def community_connection(trusted: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A connection as the users of the community's provider have it."""
    connection = {
        "conn_type": "dbt_cloud",
        "host": trusted.url.removeprefix("https://"),
        "login": str(trusted.account_id),
        "password": trusted.dbt_token,
    }
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
    return trusted


@pytest.fixture
def asynchronously_trusted(cloud: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp trusts the authority too, as in a triggerer that was started with this variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.ca))
    context = ssl.create_default_context()
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", context)
