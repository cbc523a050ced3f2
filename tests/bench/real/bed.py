"""A real Airflow with one triggerer on PostgreSQL, beside the service."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from tests.bench.real.records import Records
from tests.bench.real.service import ACCOUNT
from tests.bench.real.service_process import ROOT, ServiceProcess, service_process
from tests.bench.real.shape import KINDS, POOL, PROVIDERS, dag_id
from tests.chaos.database import own_database

HERE = Path(__file__).parent
#: Tasks that workers run at once; two cores do not start more than three a second anyhow.
AT_ONCE = 6
#: A triggerer holds a log file open for each trigger.
FILES = 8192
SETTINGS = {
    # The default takes no more than 1,000.
    "AIRFLOW__TRIGGERER__CAPACITY": "2000",
    # One API server answers all tasks and the bench at once; its default is 5.
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "20",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "6000",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "6000",
    # Busy for minutes, this machine lets everybody wait: nobody is to be taken for dead.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "900",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "120",
}


class Bed:
    """
    Where everything is.

    :param airflow: A running Airflow that has read the DAGs.
    :param records: Its database.
    """

    def __init__(self, airflow: LocalAirflow, records: Records, service: ServiceProcess) -> None:
        self.airflow = airflow
        self.records = records
        self.service = service

    @property
    def task_logs(self) -> Path:
        """Where the logs of tasks and triggers are."""
        return self.airflow.home / "logs"

    def set_pool(self, slots: int) -> None:
        """Say how many tasks workers may have at once."""
        pool = {"pool": POOL, "slots": slots, "include_deferred": False}
        self.airflow.api.request("PATCH", f"/pools/{POOL}", json=pool)

    def renew_triggerer(self) -> None:
        """Start the triggerer anew, so that it owes nothing to what was before."""
        self.airflow.components["triggerer"].restart()
        self.airflow.wait_healthy()


@contextmanager
def running_bed(folder: Path) -> Iterator[Bed]:
    """Run the service and Airflow; nothing of them is left afterwards."""
    _allow_files()
    with own_database("dbtsegment_bench") as url, service_process(folder / "service") as service:
        airflow = LocalAirflow(
            folder / "airflow",
            HERE / "dags",
            database=url,
            connections=_connections(service.url),
            parallelism=AT_ONCE,
            settings={
                **SETTINGS,
                "PYTHONPATH": str(ROOT),
                # Ours reads the one, aiohttp the other.
                "REQUESTS_CA_BUNDLE": str(service.tls.ca),
                "SSL_CERT_FILE": str(service.tls.ca),
            },
        )
        with airflow, contextlib.closing(Records(url)) as records:
            for kind in KINDS:
                for provider in PROVIDERS:
                    airflow.wait_for_dag(dag_id(kind, provider), timeout=180)
            pool = {"name": POOL, "slots": AT_ONCE, "include_deferred": False}
            airflow.api.request("POST", "/pools", json=pool)
            yield Bed(airflow, records, service)


def _connections(url: str) -> dict[str, dict[str, object]]:
    common = {"login": str(ACCOUNT), "password": "made-up"}
    return {
        "ours": {"conn_type": "dbt_cloud_admin", "host": url, **common},
        "theirs": {"conn_type": "dbt_cloud", "host": url.removeprefix("https://"), **common},
    }


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
