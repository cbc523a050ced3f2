"""A Segment side on a real socket, over a real DuckDB file."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
import uvicorn
from fastapi import FastAPI

from airflow_provider_dbtsegment.sandbox.config import Config, DbtCloudConfig
from airflow_provider_dbtsegment.sandbox.segment import create_router
from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse
from tests.sandbox.segment.segment_contract import check_contract

ALPHA = "application/vnd.segment.v1alpha+json"
TOKEN = "test-token"
DEADLINE_SECONDS = 15.0

SECTION: dict[str, Any] = {
    "token": TOKEN,
    "rate_limits": {"start_sync": 1000, "sync_status": 10000, "default": 1000},
    "sources": [{"id": "shop", "name": "Shop"}, {"id": "other", "database": "other.duckdb"}],
    "destinations": [
        {
            "id": "crm",
            "type": "jsonl",
            "path": "out/crm.jsonl",
            "required": ["email"],
            "matches": {"email": r"^[^@\s]+@[^@\s]+$"},
            "max_length": {"name": 20},
        },
        {"id": "plain", "type": "jsonl", "path": "out/plain.jsonl"},
    ],
    "models": [
        {
            "id": "customers",
            "source_id": "shop",
            "query": "SELECT id, name, email FROM customers ORDER BY id",
            "query_identifier_column": "id",
        },
        {
            "id": "elsewhere",
            "source_id": "other",
            "query": "SELECT 1 AS id",
            "query_identifier_column": "id",
        },
        {
            "id": "disabled",
            "source_id": "shop",
            "enabled": False,
            "query": "SELECT 1 AS id",
            "query_identifier_column": "id",
        },
    ],
    "mappings": [
        {"id": "to_crm", "model_id": "customers", "destination": "crm"},
        {"id": "to_plain", "model_id": "customers", "destination": "plain"},
        {
            "id": "to_slow",
            "model_id": "customers",
            "destination": "plain",
            "throttle_rows_per_second": 20,
        },
        {
            "id": "renamed",
            "model_id": "customers",
            "destination": "plain",
            "fields": {"address": "email"},
        },
        {"id": "elsewhere_to_plain", "model_id": "elsewhere", "destination": "plain"},
        {"id": "disabled_to_plain", "model_id": "disabled", "destination": "plain"},
    ],
}


class Server:
    """One run of the Segment side, and the requests that tests send to it."""

    def __init__(self, url: str, state_dir: Path) -> None:
        self.url = url
        self.state_dir = state_dir
        self.warehouse = state_dir / "warehouse.duckdb"
        self.session = requests.Session()
        self.session.headers.update({"Authorization": f"Bearer {TOKEN}", "Accept": ALPHA})

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        if body is not None:
            options["data"] = json.dumps(body)
            options["headers"] = {"Content-Type": ALPHA} | options.get("headers", {})
        response = self.session.request(method, self.url + path, timeout=10, **options)
        check_contract(method, path.partition("?")[0], response)
        return response

    def data(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        response = self.call(method, path, body, **options)
        assert response.ok, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def error(self, method: str, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        response = self.call(method, path, body, **options)
        errors = response.json()["errors"]
        assert len(errors) == 1
        assert errors[0]["status"] == response.status_code
        error: dict[str, Any] = errors[0]
        return error

    def sql(self, *statements: str) -> None:
        """Change the warehouse, in turns with the syncs."""
        with (
            Warehouse(self.warehouse).exclusive(),
            duckdb.connect(str(self.warehouse)) as connection,
        ):
            for statement in statements:
                connection.execute(statement)

    def start(self, mapping: str, model: str = "customers", source: str = "shop") -> str:
        started = self.data(
            "POST",
            "/reverse-etl-syncs",
            {"sourceId": source, "modelId": model, "subscriptionId": mapping},
        )
        sync_id: str = started["reverseETLManualSync"]["syncId"]
        return sync_id

    def status(self, sync_id: str, model: str = "customers") -> dict[str, Any]:
        found = self.data("GET", f"/reverse-etl-models/{model}/syncs/{sync_id}")
        status: dict[str, Any] = found["reverseETLSyncStatus"]
        return status

    def until(
        self, sync_id: str, condition: Callable[[dict[str, Any]], bool], model: str = "customers"
    ) -> dict[str, Any]:
        """Poll a sync until a condition holds."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition(status := self.status(sync_id, model)):
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.01)
        return status

    def sync(self, mapping: str, model: str = "customers", source: str = "shop") -> dict[str, Any]:
        """Start a sync and wait for its end."""
        sync_id = self.start(mapping, model, source)
        return self.until(sync_id, lambda status: status["syncStatus"] != "IN_PROGRESS", model)

    def query(self, query: str, identifier: str = "id") -> None:
        """Give the model of the customers another query."""
        self.data(
            "PATCH",
            "/reverse-etl-models/customers",
            {"query": query, "queryIdentifierColumn": identifier},
        )

    def delivered(self, name: str = "plain.jsonl") -> list[dict[str, Any]]:
        """Read what a JSONL destination has received."""
        path = self.state_dir / "out" / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def serve(
    state_dir: Path, section: dict[str, Any], clock: Callable[[], float] = time.time
) -> Iterator[Server]:
    config = Config(dbt_cloud=DbtCloudConfig(projects=[]), segment=section)
    app = FastAPI()
    app.include_router(
        create_router(config, state_dir, Warehouse(state_dir / "warehouse.duckdb"), clock=clock)
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Server(f"http://127.0.0.1:{port}", state_dir)
    finally:
        server.should_exit = True
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


Serve = Callable[..., Any]


@pytest.fixture
def section() -> dict[str, Any]:
    """The configuration, free to be changed."""
    return copy.deepcopy(SECTION)


def fill(state_dir: Path) -> None:
    """Make a warehouse with three customers."""
    with duckdb.connect(str(state_dir / "warehouse.duckdb")) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER, name VARCHAR, email VARCHAR)")
        connection.execute(
            "INSERT INTO customers VALUES (1, 'Ada', 'ada@x.org'), (2, 'Bob', 'bob@x.org'), "
            "(3, 'Cy', 'cy@x.org')"
        )


@pytest.fixture
def start_server(tmp_path: Path, section: dict[str, Any]) -> Serve:
    """Return a context manager that serves ``section`` on the test's state folder."""
    fill(tmp_path)
    return lambda **options: serve(tmp_path, section, **options)


@pytest.fixture
def server(start_server: Serve) -> Iterator[Server]:
    """A running Segment side with three customers."""
    with start_server() as running:
        yield running


@pytest.fixture(scope="session")
def calm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Segment side for all tests whose requests leave no trace."""
    state_dir = tmp_path_factory.mktemp("calm")
    fill(state_dir)
    with serve(state_dir, copy.deepcopy(SECTION)) as running:
        yield running
