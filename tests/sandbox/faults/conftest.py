"""A sandbox with faults whose runs never leave the queue, and a client that says what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import (
    DbtClient,
    Faults,
    Sandbox,
    Seen,
    Started,
    running_sandbox,
)
from tests.conftest import TINY

RUN = r"POST .*/jobs/\d+/run/"
TRIGGER = r"POST /dbt-model-syncs/trigger"
ALPHA = "application/vnd.segment.v1alpha+json"
BETA = "application/vnd.segment.v1beta+json"
MARKER = "[af:6c1f0e2a9b3d/1]"


@dataclass
class Client:
    """A client of both services."""

    sandbox: Sandbox
    before: int = 0

    @property
    def faults(self) -> Faults:
        """The fault machine."""
        assert self.sandbox.faults is not None
        return self.sandbox.faults

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call dbt Cloud's API below the account, or Segment's."""
        url, token = self.sandbox.url + path, self.sandbox.segment_token
        if not path.startswith("/reverse-etl") and not path.startswith("/dbt-model"):
            url = f"{self.sandbox.url}/api/v2/accounts/{self.sandbox.account_id}{path}"
            token = self.sandbox.dbt_token
        media = BETA if path.startswith("/dbt-model") else ALPHA
        headers = {"Authorization": f"Bearer {token}"}
        if "json" in options and token == self.sandbox.segment_token:
            headers["Content-Type"] = media
        if self.sandbox.ca is not None:
            options["verify"] = str(self.sandbox.ca)
        timeout = options.pop("timeout", 10)
        return requests.request(method, url, headers=headers, timeout=timeout, **options)

    def start_run(self, cause: str = f"A test {MARKER}", **options: Any) -> requests.Response:
        """Start a run."""
        return self.call("POST", "/jobs/1/run/", json={"cause": cause}, **options)

    def trigger_models(self, **options: Any) -> requests.Response:
        """Make Segment read dbt models."""
        body = {"sourceId": "warehouse"}
        return self.call("POST", "/dbt-model-syncs/trigger", json=body, **options)

    def start_sync(self, mapping: str = "good", model: str = "everybody") -> requests.Response:
        """Start a sync."""
        body = {"sourceId": "warehouse", "modelId": model, "subscriptionId": mapping}
        return self.call("POST", "/reverse-etl-syncs", json=body)

    @property
    def started(self) -> list[Started]:
        """What was started since the test began."""
        return self.faults.ledger()[self.before :]

    @property
    def last(self) -> Seen:
        """The newest request."""
        return self.faults.requests()[-1]


def view(call: Callable[[], requests.Response]) -> str:
    """Say what a client sees: a status and what the body is, or why there is no answer."""
    try:
        answer = call()
    except requests.ConnectionError as error:
        for word in ("reset by peer", "closed connection without response", "Read timed out"):
            if word in str(error):
                return word
        raise
    except requests.ReadTimeout:
        return "Read timed out"
    except requests.exceptions.ChunkedEncodingError:
        return "half a body"
    try:
        answer.json()
    except ValueError:
        return f"{answer.status_code} no JSON"
    return f"{answer.status_code} JSON"


@pytest.fixture(scope="session")
def no_dbt() -> DbtClient:
    """A dbt that never comes up: runs are started, and stay as they are."""
    return DbtClient()


@pytest.fixture(scope="session")
def broken_sandbox(
    tmp_path_factory: pytest.TempPathFactory, no_dbt: DbtClient
) -> Iterator[Sandbox]:
    with running_sandbox(
        tmp_path_factory.mktemp("faults"), TINY, dbt=no_dbt, faults=True
    ) as sandbox:
        yield sandbox


@pytest.fixture
def client(broken_sandbox: Sandbox) -> Iterator[Client]:
    client = Client(broken_sandbox)
    client.before = len(client.faults.ledger())
    yield client
    client.faults.clear()
    client.faults.set_clock(0)
