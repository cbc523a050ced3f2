"""One row as it goes on: its Airflow, its services, its DAG run."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from airflow_provider_dbtsegment.sandbox.testing import Faults, Sandbox, Started
from tests.chaos.database import TaskState
from tests.chaos.faults import STATUS
from tests.chaos.people import TASK, Person
from tests.chaos.row import DBT_CLOUD, Row
from tests.chaos.works import JOBS, MODELS

if TYPE_CHECKING:
    from tests.chaos.bed import Bed

RUN = "chaos"
#: Seconds between two questions to Airflow's database or to services, and to what is known here.
POLL = 0.5
LOCAL_POLL = 0.2
#: Seconds for what was started to end after the DAG run.
END_PATIENCE = 25.0
#: Seconds after which nobody cancels any more what is to be left going on.
LEFT = 6.0
GOING_ON = "going on"
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
    :param connection: The connection to the services, as it was created.
    :param elsewhere: A second installation of the services, if the row has one.
    """

    def __init__(
        self,
        bed: Bed,
        row: Row,
        api: AirflowApi,
        sandbox: Sandbox,
        connection: Mapping[str, Any],
        elsewhere: Sandbox | None = None,
    ) -> None:
        self.bed = bed
        self.row = row
        self.api = api
        self.sandbox = sandbox
        self.connection = connection
        self.elsewhere = elsewhere
        self.person = Person(api, row.name, RUN)
        #: What an act has found that is not as it should be.
        self.wrong: list[str] = []
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(bed.tls.ca)

    @property
    def faults(self) -> Faults:
        """The fault machine of the services."""
        return faults_of(self.sandbox)

    def begin(self) -> None:
        """Let things go wrong, and start the DAG."""
        if self.row.clock:
            self.faults.set_clock(self.row.clock)
        conf = {"id": self.start()} if self.row.is_sensor else {}
        self.faults.add_all(self.row.faults)
        self.bed.wait_for_turn()
        self.api.trigger(self.row.name, conf, RUN)

    def wait_until_polled(self, times: int = 2) -> None:
        """Return when the task is waiting, which shows in its asking again and again."""
        before = self.polls() if self.bed.has_died(self.row) else 0
        self.wait(
            lambda: self.polls() >= before + times, "the task to wait", 120, interval=LOCAL_POLL
        )

    def polls(self) -> int:
        """Return how often the services were asked how something is doing."""
        route = re.compile(STATUS[self.row.service])
        seen = [f"{one.method} {one.path}" for one in self.faults.requests()]
        return len(list(filter(route.search, seen)))

    def wait_until_killed(self) -> None:
        """Return when a process of the row has killed or stopped itself."""
        self.wait(
            lambda: self.bed.has_died(self.row), "a process to be killed", 120, interval=LOCAL_POLL
        )

    def wait_for_try(self, number: int, *states: str) -> None:
        """Return when the task is in one of some states in this or a later try."""

        def is_there() -> bool:
            return any(task.try_number >= number and task.state in states for task in self._tasks())

        self.wait(is_there, f"try {number} to be {' or '.join(states)}", 120)

    def wait_for_starts(self, count: int) -> None:
        """Return when so much was started."""
        self.wait(
            lambda: len(self.faults.ledger()) >= count,
            f"{count} starts",
            self.row.patience,
            interval=LOCAL_POLL,
        )

    def thaw(self) -> None:
        """Let processes go on that have stopped themselves."""
        if self.row.kill and self.row.kill.freeze:
            for pid in self.bed.stopped_processes(self.row):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def wait_for_end(self) -> str:
        """Return how the DAG run ends."""
        ended: list[str] = []
        # Who has just cleared the task must not be told of the end before.
        since = time.monotonic()

        def has_ended() -> bool:
            state = self.bed.states.run(self.row.name, RUN, since)
            ended[:] = [state] if state in FINAL else []
            return bool(ended)

        self.wait(has_ended, "the end of the DAG run", self.row.patience)
        return ended[0]

    def tries(self) -> int:
        """Return how often the task was tried."""
        return max((task.try_number for task in self._tasks()), default=0)

    def log(self, number: int) -> str:
        """Return the log of a try."""
        if len(self._tasks()) > 1:
            return ""
        try:
            return self.api.task_log(self.row.name, RUN, TASK, number)
        except requests.HTTPError:
            # Of a try whose worker was killed there may be none.
            return ""

    def ends(self) -> list[str]:
        """Return how all that was started has ended; waits for it for a while."""
        patience = LEFT if GOING_ON in self.row.ends else END_PATIENCE
        return self._ends(self.sandbox, patience)

    def ends_elsewhere(self) -> list[str]:
        """Return how all has ended that the second installation has started."""
        return self._ends(self.elsewhere, END_PATIENCE) if self.elsewhere else []

    def _ends(self, sandbox: Sandbox, patience: float) -> list[str]:
        until = time.monotonic() + patience
        while True:
            ends = [self.end_of(one, sandbox) for one in faults_of(sandbox).ledger()]
            if GOING_ON not in ends or time.monotonic() > until:
                return ends
            self.bed.sleep(POLL)

    def end_of(self, one: Started, sandbox: Sandbox | None = None) -> str:
        """Return how something has ended."""
        if self.row.service == DBT_CLOUD:
            run = self._ask("GET", f"/api/v2/accounts/1/runs/{one.id}/", sandbox=sandbox)["data"]
            return DBT_ENDS.get(run["status"], GOING_ON)
        model = _model_of(str(one.about))
        sync = self._ask("GET", f"/reverse-etl-models/{model}/syncs/{one.id}", sandbox=sandbox)
        status = sync["data"]["reverseETLSyncStatus"]["syncStatus"]
        return SYNC_ENDS.get(status, GOING_ON)

    def cancel(self, one: Started) -> None:
        """Cancel something, as a person does in the service's pages."""
        if self.row.service == DBT_CLOUD:
            self._ask("POST", f"/api/v2/accounts/1/runs/{one.id}/cancel/")
        else:
            model = _model_of(str(one.about))
            self._ask("POST", f"/reverse-etl-models/{model}/syncs/{one.id}/cancel", {})

    def start(
        self,
        work: str | None = None,
        *,
        sandbox: Sandbox | None = None,
        cause: str = "A person wants it",
        **options: Any,
    ) -> str:
        """
        Start something, as a person does in the service's pages.

        :param work: By default that of the row.
        :param options: What else a request to dbt Cloud holds.
        """
        work = work or self.row.work
        if self.row.service == DBT_CLOUD:
            path = f"/api/v2/accounts/1/jobs/{JOBS[work]}/run/"
            body = {"cause": cause, **options}
            return str(self._ask("POST", path, body, sandbox=sandbox)["data"]["id"])
        body = {
            "sourceId": "warehouse",
            "modelId": MODELS[work],
            "subscriptionId": work,
        }
        sync = self._ask("POST", "/reverse-etl-syncs", body, sandbox=sandbox)
        return str(sync["data"]["reverseETLManualSync"]["syncId"])

    def rotate(self, pause: float) -> None:
        """
        Give Airflow's connection a new token, and revoke the old one after a while.

        :param pause: Seconds for which both are good.
        """
        old = str(self.connection["password"])
        if self.row.service == DBT_CLOUD:
            new = self.bed.service_token(self.sandbox)
        else:
            new = f"{old}_new"
            self.bed.secrets.add(new)
            self.faults.set_segment_tokens([old, new])
        self.person.change_connection({**self.connection, "password": new})
        self.bed.sleep(pause)
        if self.row.service == DBT_CLOUD:
            path = "/api/v3/accounts/1/service-tokens/"
            first = min(one["id"] for one in self._ask("GET", path)["data"])
            self._ask("DELETE", f"{path}{first}/")
        else:
            self.faults.set_segment_tokens([new])

    def _tasks(self) -> list[TaskState]:
        found = self.bed.states.tasks(self.row.name, RUN)
        return [task for task in found if task.task_id == TASK]

    def _ask(
        self, method: str, path: str, body: Any = None, *, sandbox: Sandbox | None = None
    ) -> Any:
        """Ask the services with a person's own token."""
        sandbox = sandbox or self.sandbox
        if self.row.service == DBT_CLOUD:
            headers = {"Authorization": f"Token {sandbox.dbt_token}"}
        else:
            kind = "application/vnd.segment.v1alpha+json"
            tokens = faults_of(sandbox).segment_tokens or [str(sandbox.segment_token)]
            headers = {"Authorization": f"Bearer {tokens[-1]}", "Accept": kind}
            if body is not None:
                headers["Content-Type"] = kind
        answer = self.session.request(
            method, sandbox.url + path, json=body, headers=headers, timeout=30
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def wait(
        self,
        condition: Callable[[], bool],
        what: str,
        patience: float,
        *,
        interval: float = POLL,
    ) -> None:
        """
        Return when something is the case.

        :raises TimeoutError: When it is not within so many seconds.
        :raises InterruptedRun: When everything is to end.
        """
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
            self.bed.sleep(interval)


def faults_of(sandbox: Sandbox) -> Faults:
    """Return the fault machine of services."""
    if sandbox.faults is None:
        raise AssertionError("The sandbox has no fault machine.")
    return sandbox.faults


def _model_of(mapping: str) -> str:
    return MODELS.get(mapping, MODELS["quick"])
