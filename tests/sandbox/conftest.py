"""Sandboxes on real sockets, and a caller of the dbt Cloud side."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox

#: An example, which `test_pytest_plugin` runs elsewhere.
collect_ignore = ["own_dag"]
WORKBENCH = Path(__file__).parent / "workbench"
DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class Caller:
    """Calls the dbt Cloud side of a sandbox with its token."""

    sandbox: Sandbox

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call a path below the account."""
        account = f"{self.sandbox.url}/api/v2/accounts/{self.sandbox.account_id}"
        return requests.request(
            method,
            account + path,
            headers={"Authorization": f"Token {self.sandbox.dbt_token}"},
            timeout=60,
            **options,
        )

    def get(self, path: str, **query: Any) -> Any:
        """Return the data of a successful answer."""
        return self._data(self.call("GET", path, params=query))

    def post(self, path: str, **body: Any) -> Any:
        """Return the data of a successful answer."""
        return self._data(self.call("POST", path, json=body))

    def start(self, job_id: int, *steps: str, **overrides: Any) -> dict[str, Any]:
        """Start a run."""
        if steps:
            overrides["steps_override"] = steps
        run: dict[str, Any] = self.post(f"/jobs/{job_id}/run/", cause="A test", **overrides)
        return run

    def finish(self, run: dict[str, Any]) -> dict[str, Any]:
        """Wait for the end of a run, and return it with all that it can tell."""
        path = f"/runs/{run['id']}/"
        wait_for(lambda: self.get(path)["is_complete"])
        finished: dict[str, Any] = self.get(
            path, include_related="trigger,job,environment,run_steps,debug_logs"
        )
        return finished

    def run(self, job_id: int, *steps: str, **overrides: Any) -> dict[str, Any]:
        """Start a run and wait for its end."""
        return self.finish(self.start(job_id, *steps, **overrides))

    @staticmethod
    def _data(response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()["data"]


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until ``condition`` is true, and return what it is."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{condition} did not become true within {DEADLINE_SECONDS:.0f} seconds")


@pytest.fixture(scope="session")
def dbt() -> Iterator[DbtClient]:
    """The one dbt that all sandboxes of this process share."""
    with DbtClient() as client:
        yield client


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory, dbt: DbtClient) -> Iterator[Caller]:
    """A sandbox with the smallest dbt project, for all tests that do not stop it."""
    with running_sandbox(tmp_path_factory.mktemp("workbench"), WORKBENCH, dbt=dbt) as sandbox:
        yield Caller(sandbox)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, dbt: DbtClient) -> Iterator[Caller]:
    """A sandbox with the shop."""
    with running_sandbox(tmp_path_factory.mktemp("shop"), dbt=dbt) as sandbox:
        yield Caller(sandbox)
