"""Run pipelines through the services of docker-compose.yaml, without containers: `make cluster`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from tests.cluster import dotenv, postgres, works
from tests.cluster.account import Account
from tests.cluster.cluster import Cluster
from tests.cluster.compose import read
from tests.cluster.findings import Finding, findings
from tests.cluster.play import play
from tests.cluster.records import Records
from tests.cluster.stage import SANDBOX, staged

#: What is needed besides Python packages, each with the Debian package that has it.
PROGRAMS = {"redis-server": "redis", "curl": "curl", "setpriv": "util-linux"}

#: Fit for a machine with two cores, which starts no more than a few tasks a second.
SIZES = {"WORKER_CONCURRENCY": "4"}


def main() -> int:
    """Run the command; 1 when something is not as it must be, 2 when it cannot be run."""
    options = _options()
    console = Console(width=options.width)
    if reason := why_not():
        console.print(reason)
        return 2
    # Whatever ends this ends the services, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s {text}", highlight=False)

    with _folder(options.folder) as folder:
        found = run(folder, options.pipelines, say)
    _print(console, found)
    return 0 if all(finding.is_fine for finding in found) else 1


def run(folder: Path, pipelines: int, say: Callable[[str], None]) -> list[Finding]:
    """
    Run so many pipelines in a cluster of their own; nothing of it is left.

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
            played = play(cluster, api, records, pipelines, say)
            return list(findings(played, records, account))


def why_not() -> str | None:
    """Return what is missing, or nothing."""
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if postgres.programs() is None:
        missing.append("postgresql")
    if missing:
        return f"Missing: apt-get install {' '.join(missing)}"
    if find_spec("celery") is None:
        return "Airflow's Celery executor is missing: make cluster installs it."
    return None


@contextmanager
def _folder(kept: str | None) -> Iterator[Path]:
    """Give a folder that PostgreSQL's user may pass through, and remove it unless it was given."""
    if kept:
        path = Path(kept).resolve()
        path.mkdir(parents=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # noqa: S103 - to pass through, not to look
        yield Path(folder)


def _print(console: Console, found: list[Finding]) -> None:
    table = Table(title="Two workers, two triggerers, and the deaths of one each")
    for heading in ("what", "found", "must be"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        style = "" if finding.is_fine else "red"
        table.add_row(finding.what, finding.found, finding.wanted, style=style)
    console.print(table)
    wrong = [finding.what for finding in found if not finding.is_fine]
    verdict = f"Not as it must be: {'; '.join(wrong)}." if wrong else "All is as it must be."
    console.print(verdict, style="red" if wrong else "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=200)
    parser.add_argument("--folder", help="a new folder, in which everything is kept")
    parser.add_argument("--width", type=int, default=140)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
