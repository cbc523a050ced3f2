"""The test bed: a real Airflow on PostgreSQL with two triggerers, and services for each row."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import requests

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi, AirflowApiV1
from airflow_provider_dbtsegment.demo.airflow_settings import USER
from airflow_provider_dbtsegment.demo.installed import find_airflow
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.sandbox.config import Config, load_config
from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files
from tests.chaos import database, death
from tests.chaos.dag_files import write_dags
from tests.chaos.faults import READ_TIMEOUT
from tests.chaos.people import Person
from tests.chaos.proxy import HOST, forward_proxy
from tests.chaos.row import COMMUNITY, DBT_CLOUD, Row
from tests.chaos.scene import RUN, Scene
from tests.chaos.versions import Version
from tests.chaos.works import MAPPINGS

HERE = Path(__file__).parent
PROJECT = HERE / "project"
#: A triggerer or a worker that says nothing for so many seconds is taken for dead.
SILENCE = "10"
SETTINGS = {
    # One API server answers all tasks and the bed at once; its default is 5.
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "20",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": SILENCE,
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": SILENCE,
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
}
SETTINGS_OF_3 = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": SILENCE,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}
SETTINGS_OF_2 = {
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": SILENCE,
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
}
#: Seconds between the beginnings of two DAG runs: what the processes of one take on two cores.
TURN = 2.0
#: The limit of Segment's own for starts a minute; all others are out of the way.
LIMITED_STARTS = 20


class InterruptedRun(BaseException):
    """Somebody wants the run of the table to end now; no error of a row."""


class Bed:
    """
    A real Airflow, in which every row has a DAG, a connection and services of its own.

    :param folder: Everything is written below it.
    :param rows: All rows that will be run.
    :param parallelism: How many tasks run at once.
    """

    def __init__(
        self, folder: Path, rows: Sequence[Row], database_url: str, *, parallelism: int = 16
    ) -> None:
        self.folder = folder
        self.killed = folder / "killed"
        self.killed.mkdir(parents=True)
        self.tls: TlsFiles = make_tls_files(folder / "tls", [HOST])
        self.database = database_url
        #: The last DAG of each DAG file.
        self.last = write_dags(folder / "dags", [row.as_dict() for row in rows])
        self.airflow = self._airflow("airflow", database_url, triggerers=2, parallelism=parallelism)
        #: Another deployment of Airflow with the same DAGs, while there is one.
        self.other: LocalAirflow | None = None
        self.dbt = DbtClient()
        #: What nobody may see, as far as rows have made it.
        self.secrets: set[str] = set()
        #: Set when everything is to end.
        self.stopping = threading.Event()
        self.states = database.States(database_url)
        self._turn = threading.Lock()

    @cached_property
    def version(self) -> Version:
        """The version of Airflow."""
        return find_airflow(sys.executable).version

    def _airflow(self, name: str, url: str, *, triggerers: int, parallelism: int) -> LocalAirflow:
        own = SETTINGS_OF_2 if self.version < (3,) else SETTINGS_OF_3
        return LocalAirflow(
            self.folder / name,
            self.folder / "dags",
            database=url,
            triggerers=triggerers,
            parallelism=parallelism,
            settings={
                **SETTINGS,
                **own,
                death.FOLDER: str(self.killed),
                "PYTHONPATH": str(HERE.parents[1]),
                # Ours reads the one, aiohttp the other.
                "REQUESTS_CA_BUNDLE": str(self.tls.ca),
                "SSL_CERT_FILE": str(self.tls.ca),
            },
        )

    @contextmanager
    def running(self) -> Iterator[Bed]:
        """Start Airflow, and stop it at the end."""
        with ExitStack() as stack:
            stack.enter_context(self.dbt)
            stack.enter_context(self.airflow)
            stack.callback(self.states.close)
            for dag_id in self.last:
                self.airflow.wait_for_dag(dag_id, timeout=180)
            yield self

    @contextmanager
    def another_deployment(self) -> Iterator[LocalAirflow]:
        """Run a second Airflow with a database of its own and the same DAGs."""
        with database.own_database("dbtsegment_other") as url:
            other = self._airflow("other", url, triggerers=1, parallelism=4)
            with other:
                for dag_id in self.last:
                    other.wait_for_dag(dag_id, timeout=180)
                self.other = other
                try:
                    yield other
                finally:
                    self.other = None

    def api_of(self, airflow: LocalAirflow) -> AirflowApi:
        """Return a client of an Airflow's API for one thread."""
        kind = AirflowApiV1 if self.version < (3,) else AirflowApi
        return kind(airflow.url, USER, airflow.secrets.password)

    @contextmanager
    def scene(self, row: Row) -> Iterator[Scene]:
        """Make the services of a row, and the connection to them."""
        self.check()
        state = self.folder / "services" / row.name
        with ExitStack() as stack:
            sandbox = stack.enter_context(self._services(state, row))
            elsewhere = None
            if row.elsewhere is not None:
                elsewhere = stack.enter_context(self._services(state / "elsewhere", row))
            host, extra = sandbox.url, {"read_timeout": READ_TIMEOUT}
            if row.proxy:
                port = sandbox.url.rpartition(":")[2]
                proxy = stack.enter_context(forward_proxy(int(port)))
                host = f"{row.proxy}://{HOST}:{port}"
                extra |= {"proxy": proxy, "allow_plain_http": True}
            connection = self._connection(row, sandbox, host, extra)
            scene = Scene(self, row, self.api_of(self.airflow), sandbox, connection, elsewhere)
            person = Person(scene.api, row.name, RUN)
            person.create_connection(connection)
            if row.variable is not None:
                person.create_variable(row.variable)
            if row.shape == "busy pool":
                person.create_pool(1)
            try:
                yield scene
            finally:
                scene.thaw()

    @contextmanager
    def _services(self, state: Path, row: Row) -> Iterator[Sandbox]:
        tls: TlsFiles | bool = False if row.proxy == "http" else self.tls
        config = _config(row)
        with running_sandbox(state, PROJECT, config, tls=tls, dbt=self.dbt, faults=True) as sandbox:
            # The models of Segment need no table, but a warehouse to ask.
            duckdb.connect(str(sandbox.warehouse)).close()
            yield sandbox

    def _connection(
        self, row: Row, sandbox: Sandbox, host: str, extra: Mapping[str, Any]
    ) -> dict[str, Any]:
        if row.provider == COMMUNITY:
            kind, host = "dbt_cloud", host.removeprefix("https://")
        else:
            kind = "dbt_cloud_admin" if row.service == DBT_CLOUD else "segment_public_api"
        is_dbt = row.service == DBT_CLOUD
        token = self.service_token(sandbox) if is_dbt else str(sandbox.segment_token)
        return {
            "connection_id": row.name,
            "conn_type": kind,
            "host": host,
            "login": str(sandbox.account_id) if is_dbt else None,
            "password": token,
            "extra": json.dumps(extra),
        }

    def service_token(self, sandbox: Sandbox) -> str:
        """Make a service token of dbt Cloud, as Airflow has one; persons have the account's own."""
        answer = requests.post(
            f"{sandbox.url}/api/v3/accounts/{sandbox.account_id}/service-tokens/",
            json={
                "name": "Airflow",
                "permission_grants": [{"permission_set": "job_admin", "all_projects": True}],
            },
            headers={"Authorization": f"Token {sandbox.dbt_token}"},
            verify=str(sandbox.ca) if sandbox.ca else True,
            timeout=30,
        )
        answer.raise_for_status()
        token = str(answer.json()["data"]["token_string"])
        self.secrets.add(token)
        return token

    def put_all_triggers_into_one(self) -> None:
        """Leave one triggerer, so that it is known which one has a trigger."""
        self.airflow.components["triggerer-2"].stop()

    def has_died(self, row: Row) -> bool:
        """Return whether a process of the row has killed or stopped itself."""
        return (self.killed / row.name).exists()

    def stopped_processes(self, row: Row) -> list[int]:
        """Return the processes that a row has killed or stopped."""
        with suppress(ValueError, FileNotFoundError):
            return list(json.loads((self.killed / row.name).read_text()))
        return []

    def edit(self, row: Row) -> None:
        """Let the DAG file hold what the row's edit says."""
        (self.killed / f"{row.name}.edited").touch()

    def wait_for_turn(self) -> None:
        """Let DAG runs begin one by one, so that the first attempts of many do not starve."""
        with self._turn:
            self.sleep(TURN)

    def sleep(self, seconds: float) -> None:
        """
        Wait.

        :raises InterruptedRun: When everything is to end.
        """
        if self.stopping.wait(seconds):
            raise InterruptedRun

    def check(self) -> None:
        """
        Go on, unless everything is to end.

        :raises InterruptedRun: When it is.
        """
        self.sleep(0)


def _config(row: Row) -> Config:
    config = load_config(PROJECT, None)
    if row.services == "limited starts":
        segment = {**config.segment, "mappings": [*config.segment["mappings"], *MAPPINGS]}
        segment["rate_limits"] = {**segment["rate_limits"], "start_sync": LIMITED_STARTS}
        config = replace(config, segment=segment)
    return config
