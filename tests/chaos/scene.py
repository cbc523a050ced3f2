"""One row as it goes on: its Airflow, its services, its DAG run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import requests

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi, run_path
from airflow_provider_dbtsegment.sandbox.testing import Faults, Sandbox, Started
from tests.chaos.faults import STATUS
from tests.chaos.row import DBT_CLOUD, Row
from tests.chaos.works import JOBS, MODELS

RUN = "chaos"
POLL = 1.0
#: Seconds for a DAG run, and for what was started to end after it.
RUN_PATIENCE = 300.0
END_PATIENCE = 25.0
FINAL = {"success", "failed"}
DBT_ENDS = {10: "success", 20: "failed", 30: "cancelled"}
SYNC_ENDS = {
    "SUCCESS": "success",
    "PARTIAL_SUCCESS": "partial",
    "FAIL": "failed",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
}


class Scene:
    """
    A row with the services of its own.

    :param api: Airflow's.
    """

    def __init__(self, row: Row, api: AirflowApi, sandbox: Sandbox) -> None:
        self.row = row
        self.api = api
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(sandbox.ca)

    @property
    def faults(self) -> Faults:
        """The fault machine of the services."""
        if self.sandbox.faults is None:
            raise AssertionError("The sandbox has no fault machine.")
        return self.sandbox.faults

    @property
    def path(self) -> str:
        """The path of the task instance in Airflow's API."""
        return f"{run_path(self.row.name, RUN)}/taskInstances/work"

    def begin(self) -> None:
        """Let things go wrong, and start the DAG."""
        if self.row.clock:
            self.faults.set_clock(self.row.clock)
        conf = {"id": self._start()} if self.row.is_sensor else {}
        self.faults.add_all(self.row.faults)
        self.api.trigger(self.row.name, conf, RUN)

    def wait_until_polled(self) -> None:
        """Return when the task is waiting, which shows in its asking again and again."""
        route = re.compile(STATUS[self.row.service])

        def is_polled() -> bool:
            seen = [f"{one.method} {one.path}" for one in self.faults.requests()]
            return len(list(filter(route.search, seen))) >= 2

        self._wait(is_polled, "the task to wait", 90)

    def state(self) -> str:
        """Return the state of the DAG run."""
        return self.api.run_state(self.row.name, RUN)

    def wait_for_end(self) -> str:
        """Return how the DAG run ends."""
        self._wait(lambda: self.state() in FINAL, "the end of the DAG run", RUN_PATIENCE)
        return self.state()

    def tries(self) -> int:
        """Return how often the task was tried."""
        return max(int(task["try_number"]) for task in self._tasks())

    def log(self) -> str:
        """Return the log of the last try."""
        if len(self._tasks()) > 1:
            return ""
        return self.api.task_log(self.row.name, RUN, "work", self.tries())

    def ends(self) -> list[str]:
        """Return how all that was started has ended; waits for it for a while."""
        until = time.monotonic() + END_PATIENCE
        while True:
            ends = [self.end_of(one) for one in self.faults.ledger()]
            if "going on" not in ends or time.monotonic() > until:
                return ends
            time.sleep(POLL)

    def end_of(self, one: Started) -> str:
        """Return how something has ended."""
        if self.row.service == DBT_CLOUD:
            run = self._ask("GET", f"/api/v2/accounts/1/runs/{one.id}/")["data"]
            return DBT_ENDS.get(run["status"], "going on")
        sync = self._ask("GET", f"/reverse-etl-models/{self._model}/syncs/{one.id}")
        status = sync["data"]["reverseETLSyncStatus"]["syncStatus"]
        return SYNC_ENDS.get(status, "going on")

    def cancel(self, one: Started) -> None:
        """Cancel something, as a person does in the service's pages."""
        if self.row.service == DBT_CLOUD:
            self._ask("POST", f"/api/v2/accounts/1/runs/{one.id}/cancel/")
        else:
            self._ask("POST", f"/reverse-etl-models/{self._model}/syncs/{one.id}/cancel", {})

    def _start(self) -> str:
        """Start what a sensor is to wait for."""
        if self.row.service == DBT_CLOUD:
            path = f"/api/v2/accounts/1/jobs/{JOBS[self.row.work]}/run/"
            return str(self._ask("POST", path, {"cause": "A person wants it"})["data"]["id"])
        body = {
            "sourceId": "warehouse",
            "modelId": self._model,
            "subscriptionId": self.row.work,
        }
        sync = self._ask("POST", "/reverse-etl-syncs", body)
        return str(sync["data"]["reverseETLManualSync"]["syncId"])

    @property
    def _model(self) -> str:
        return MODELS[self.row.work]

    def _tasks(self) -> list[dict[str, Any]]:
        return self.api.task_instances(self.row.name, RUN)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        if self.row.service == DBT_CLOUD:
            headers = {"Authorization": f"Token {self.sandbox.dbt_token}"}
        else:
            kind = "application/vnd.segment.v1alpha+json"
            token = self.sandbox.segment_token
            headers = {"Authorization": f"Bearer {token}", "Accept": kind, "Content-Type": kind}
        answer = self.session.request(
            method, self.sandbox.url + path, json=body, headers=headers, timeout=30
        )
        answer.raise_for_status()
        return answer.json()

    def _wait(self, condition: Callable[[], bool], what: str, patience: float) -> None:
        until = time.monotonic() + patience
        last: Exception | None = None
        while True:
            try:
                if condition():
                    return
            except requests.RequestException as error:
                last = error
            if time.monotonic() > until:
                raise TimeoutError(f"waited {patience:g} s for {what} ({last})") from last
            time.sleep(POLL)
