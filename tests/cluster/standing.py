"""A cluster that stands, and those who can be asked about it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from tests.cluster import dotenv, postgres, works
from tests.cluster.account import Account
from tests.cluster.cluster import Cluster
from tests.cluster.compose import read
from tests.cluster.records import DAG, Records
from tests.cluster.stage import SANDBOX, staged

#: What is needed besides Python packages, each with the Debian package that has it.
PROGRAMS = {"redis-server": "redis", "curl": "curl"}
#: And what root needs, who may not run PostgreSQL.
PROGRAMS_OF_ROOT = {"setpriv": "util-linux"}

#: Fit for a machine with two cores, which starts no more than a few tasks a second.
SIZES = {"WORKER_CONCURRENCY": "4", "PARALLELISM": "8"}

WORKERS, TRIGGERERS = ("worker-1", "worker-2"), ("triggerer-1", "triggerer-2")
PAUSE = 1.0
#: Seconds in which the DAG must be known.
KNOWN = 120.0


@dataclass(frozen=True)
class Standing:
    """
    The services, and the three that know what they do.

    :param records: Airflow's database.
    :param account: The books of dbt Cloud and Segment.
    """

    cluster: Cluster
    api: AirflowApi
    records: Records
    account: Account

    def start(self, number: int) -> None:
        """Start a pipeline."""
        conf = {"number": number, "job": number % works.JOBS + 1}
        self.api.trigger(DAG, conf, run_id=f"n{number}")

    def states(self) -> str:
        """Return in words how many tasks are in which state."""
        states = self.records.task_states()
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


@contextmanager
def standing(folder: Path, pipelines: int, say: Callable[[str], None]) -> Iterator[Standing]:
    """
    Start the services, fit for so many pipelines; nothing of them is left after the block.

    :param folder: Everything is written below it.
    :param say: Is told how it goes.
    """
    variables = {**dotenv.new_secrets(dotenv.COMPOSE.read_text()), **SIZES}
    config = folder / "sandbox.yml"
    works.write(config, pipelines)
    services = staged(read(dotenv.COMPOSE, variables), config)
    with Cluster(services, folder, say) as cluster:
        places = cluster.places
        url = f"http://{places.address('api-server', '8080')}"
        api = AirflowApi(url, "admin", variables["AIRFLOW_ADMIN_PASSWORD"])
        database = places.address("postgres", "5432")
        (volume,) = services[SANDBOX].volumes
        sandbox = f"http://{places.address(SANDBOX, '8585')}"
        with (
            closing(Records(database, variables["POSTGRES_PASSWORD"])) as records,
            closing(Account(sandbox, places.of(volume))) as account,
        ):
            _wait_for_dag(api)
            yield Standing(cluster, api, records, account)


def why_not() -> str | None:
    """Return what is missing, or nothing."""
    needed = PROGRAMS | (PROGRAMS_OF_ROOT if os.getuid() == 0 else {})
    missing = [package for name, package in needed.items() if shutil.which(name) is None]
    if postgres.programs() is None:
        missing.append("postgresql")
    if missing:
        return f"Missing: apt-get install {' '.join(missing)}"
    if find_spec("celery") is None:
        return "Airflow's Celery executor is missing: the targets of the Makefile install it."
    return None


@contextmanager
def new_folder(kept: str | None) -> Iterator[Path]:
    """Give a folder that PostgreSQL's user may pass through, and remove it unless it was given."""
    if kept:
        path = Path(kept).resolve()
        path.mkdir(parents=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # noqa: S103 - to pass through, not to look
        yield Path(folder)


def _wait_for_dag(api: AirflowApi) -> None:
    until = time.monotonic() + KNOWN
    while api.dag(DAG) is None:
        if errors := api.import_errors():
            raise RuntimeError("The DAG cannot be imported:\n" + "\n".join(errors))
        if time.monotonic() > until:
            raise TimeoutError(f"Airflow does not know the DAG after {KNOWN:.0f} seconds.")
        time.sleep(PAUSE)
