"""The test bed: a real Airflow on PostgreSQL with two triggerers, and services for each row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from airflow_provider_dbtsegment.demo.airflow_settings import USER
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files
from tests.chaos import death
from tests.chaos.faults import READ_TIMEOUT
from tests.chaos.row import COMMUNITY, DBT_CLOUD, Row
from tests.chaos.scene import Scene

HERE = Path(__file__).parent
PROJECT = HERE / "project"
#: A triggerer or a worker that says nothing for so many seconds is taken for dead.
SILENCE = "6"
SETTINGS = {
    # One API server answers all tasks and the bed at once; its default is 5.
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": SILENCE,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": SILENCE,
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": SILENCE,
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
}


class Bed:
    """
    A real Airflow, in which every row has a DAG, a connection and services of its own.

    :param folder: Everything is written below it.
    :param rows: All rows that will be run.
    :param parallelism: How many tasks run at once.
    """

    def __init__(
        self, folder: Path, rows: Sequence[Row], database: str, *, parallelism: int = 8
    ) -> None:
        self.folder = folder
        self.killed = folder / "killed"
        self.killed.mkdir(parents=True)
        self.tls: TlsFiles = make_tls_files(folder / "tls")
        self.database = database
        told = folder / "rows.json"
        told.write_text(json.dumps([row.as_dict() for row in rows]))
        self.airflow = LocalAirflow(
            folder / "airflow",
            HERE / "dags",
            database=database,
            triggerers=2,
            parallelism=parallelism,
            settings={
                **SETTINGS,
                "CHAOS_ROWS": str(told),
                death.FOLDER: str(self.killed),
                "PYTHONPATH": str(HERE.parents[1]),
                # Ours reads the one, aiohttp the other.
                "REQUESTS_CA_BUNDLE": str(self.tls.ca),
                "SSL_CERT_FILE": str(self.tls.ca),
            },
        )
        self.dbt = DbtClient()
        self.last = rows[-1].name if rows else None

    @contextmanager
    def running(self) -> Iterator[Bed]:
        """Start Airflow, and stop it at the end."""
        with ExitStack() as stack:
            stack.enter_context(self.dbt)
            stack.enter_context(self.airflow)
            if self.last:
                self.airflow.wait_for_dag(self.last, timeout=120)
            yield self

    @contextmanager
    def scene(self, row: Row) -> Iterator[Scene]:
        """Make the services of a row, and the connection to them."""
        state = self.folder / "services" / row.name
        with running_sandbox(state, PROJECT, tls=self.tls, dbt=self.dbt, faults=True) as sandbox:
            # The models of Segment need no table, but a warehouse to ask.
            duckdb.connect(str(sandbox.warehouse)).close()
            api = AirflowApi(self.airflow.url, USER, self.airflow.secrets.password)
            api.request("POST", "/connections", json=self._connection(row, sandbox))
            yield Scene(row, api, sandbox)

    def _connection(self, row: Row, sandbox: Sandbox) -> dict[str, Any]:
        if row.provider == COMMUNITY:
            host = {"conn_type": "dbt_cloud", "host": sandbox.url.removeprefix("https://")}
        elif row.service == DBT_CLOUD:
            host = {"conn_type": "dbt_cloud_admin", "host": sandbox.url}
        else:
            host = {"conn_type": "segment_public_api", "host": sandbox.url}
        is_dbt = row.service == DBT_CLOUD
        return {
            "connection_id": row.name,
            **host,
            "login": str(sandbox.account_id) if is_dbt else None,
            "password": sandbox.dbt_token if is_dbt else sandbox.segment_token,
            "extra": json.dumps({"read_timeout": READ_TIMEOUT}),
        }

    def put_all_triggers_into_one(self) -> None:
        """Leave one triggerer, so that it is known which one has a trigger."""
        self.airflow.components["triggerer-2"].stop()

    def has_died(self, row: Row) -> bool:
        """Return whether a process of the row has killed itself."""
        return (self.killed / row.name).exists()
