"""One real Airflow with several people, and the sandbox that it works on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from rich.console import Console

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from airflow_provider_dbtsegment.demo.airflow_settings import USER
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.progress import Progress
from airflow_provider_dbtsegment.demo.run import installation
from airflow_provider_dbtsegment.demo.sandbox_server import SandboxServer
from airflow_provider_dbtsegment.demo.scenarios import DAG_ID, SCENARIOS
from tests.browser import people

HERE = Path(__file__).parent
EXAMPLE_DAGS = HERE.parents[1] / "example_dags"
TIMEOUT = 30


class Bed:
    """What all browser tests look at; :mod:`tests.browser` tells how it is used."""

    def __init__(self, airflow: LocalAirflow, sandbox: SandboxServer) -> None:
        self.airflow = airflow
        self.sandbox = sandbox
        self.url = airflow.url
        self.sandbox_url = str(airflow.connections["segment_default"]["host"])
        self._apis: dict[str, AirflowApi] = {}
        self._runs: dict[str, str] = {}

    def password(self, user: str) -> str:
        """Return somebody's password."""
        return people.password(user, self.airflow.secrets.password)

    def api(self, user: str = USER) -> AirflowApi:
        """Return Airflow's REST API as somebody, logged in."""
        if user not in self._apis:
            api = AirflowApi(self.url, user, self.password(user))
            api.log_in()
            self._apis[user] = api
        return self._apis[user]

    def token(self, user: str) -> str:
        """Return what a browser of somebody has as its cookie."""
        return str(self.api(user).session.headers["Authorization"]).removeprefix("Bearer ")

    def get(self, path: str, user: str | None = None) -> requests.Response:
        """Return the answer to a GET of somebody, or of nobody, whatever its status is."""
        with requests.Session() as session:
            session.trust_env = False
            if user is not None:
                session.headers["Authorization"] = f"Bearer {self.token(user)}"
            return session.get(f"{self.url}{path}", timeout=TIMEOUT, allow_redirects=False)

    def run(self, scenario: str = "happy", *, again: bool = False) -> str:
        """
        Return the id of a finished run of the demo's DAG.

        :param scenario: ``happy``, ``broken-model`` or ``bad-rows``.
        :param again: Make a further one even if there is one.
        """
        if again or scenario not in self._runs:
            self._runs[scenario] = self.run_dag(DAG_ID, SCENARIOS[scenario].conf)
        return self._runs[scenario]

    def run_dag(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Run a DAG to its end, whatever that is, and return the id of the run."""
        run_id = self.api().trigger(dag_id, conf)
        self.airflow.wait_for_run(dag_id, run_id, timeout=120)
        return run_id


@contextmanager
def running_bed(folder: Path, cache: Path | None = None) -> Iterator[Bed]:
    """
    Start everything, and end it afterwards.

    :param folder: Everything is written below it.
    :param cache: Where an empty Airflow database outlives the folder.
    """
    dags = folder / "dags"
    shutil.copytree(EXAMPLE_DAGS, dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(
        HERE / "dags", dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    airflow = LocalAirflow(folder / "airflow", dags, cache=cache)
    airflow.extra |= people.settings(folder / "passwords.json", airflow.secrets.password)
    with installation(folder, airflow, Progress(Console())) as sandbox:
        airflow.wait_for_dag("other_pipeline")
        yield Bed(airflow, sandbox)
