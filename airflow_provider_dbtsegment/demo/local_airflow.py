"""A real Airflow in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from .airflow_api import AirflowApi, AirflowApiV1, Health, moment
from .airflow_settings import USER, Secrets, Settings, free_port
from .component import Component
from .database import copy_database
from .environment import LOOPBACK
from .installed import InstalledAirflow, component_commands, find_airflow

STARTING = 120.0
POLL = 0.25
FINAL_RUN_STATES = {"success", "failed"}


class LocalAirflow:
    """
    Scheduler, DAG processor, triggerer and API server as processes below this one.

    They listen on free ports of the loopback interface only, so that several of these can run at
    once, and they end with this process, however it ends. The folder holds `home/` (Airflow's own
    files), `logs/` (one file for each component) and, unless given, `cache/`.

    :param folder: everything is written below it.
    :param dags: the only folder of DAGs that is read.
    :param connections: Airflow connections by id, each as the dict that Airflow reads from JSON.
    :param settings: further environment variables, which win over ours.
    :param database: SQLAlchemy URL; a SQLite file in the folder by default.
    :param python: the interpreter whose Airflow is run, by default the one that runs this.
    :param triggerers: how many triggerers to run: `triggerer`, `triggerer-2`, …
    :param parallelism: how many tasks may run at once.
    :param cache: what may outlive the folder: an empty database for each version of Airflow.
    """

    def __init__(
        self,
        folder: Path,
        dags: Path,
        *,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        settings: Mapping[str, str] | None = None,
        database: str | None = None,
        python: str | Path = sys.executable,
        triggerers: int = 1,
        parallelism: int = 2,
        cache: Path | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.home = self.folder / "home"
        self.dags = dags.resolve()
        self.cache = (cache or self.folder / "cache").resolve()
        self.connections: Mapping[str, Mapping[str, Any]] = connections or {}
        self.extra = dict(settings or {})
        self.sqlite = None if database else self.home / "airflow.db"
        self.database = database or f"sqlite:///{self.home / 'airflow.db'}"
        self.python = str(python)
        self.triggerers = triggerers
        self.parallelism = parallelism
        self.secrets = Secrets()
        self.password_file = self.home / "passwords.json"
        self.url = f"http://{LOOPBACK}:{free_port()}"
        self.components: dict[str, Component] = {}
        self._is_prepared = False

    def __enter__(self) -> LocalAirflow:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @cached_property
    def installed(self) -> InstalledAirflow:
        """Which Airflow the interpreter has."""
        return find_airflow(self.python)

    @property
    def version(self) -> tuple[int, ...]:
        """The version of Airflow, for example (3, 3, 2)."""
        return self.installed.version

    @cached_property
    def api(self) -> AirflowApi:
        """The REST API of the running API server."""
        kind = AirflowApiV1 if self.version < (3,) else AirflowApi
        return kind(self.url, USER, self.secrets.password)

    @cached_property
    def settings(self) -> Settings:
        without_bytecode = not self.installed.is_compiled and bool(
            os.environ.get("PYTHONDONTWRITEBYTECODE")
        )
        return Settings(
            python=Path(self.python),
            version=self.version,
            home=self.home,
            dags=self.dags,
            database=self.database,
            url=self.url,
            secrets=self.secrets,
            password_file=self.password_file,
            log_ports=(free_port(), free_port()),
            parallelism=self.parallelism,
            # six processes import Airflow: without compiled files each needs seconds more
            pycache=self.cache / "pycache" if without_bytecode else None,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment of Airflow's processes, for an `airflow` command of your own."""
        return self.settings.environment(self.connections, self.extra)

    def airflow(self, *arguments: str) -> str:
        """
        Run an `airflow` command to its end and return what it has written.

        :raises RuntimeError: with its output, when it fails.
        """
        command = subprocess.run(
            [self.python, "-m", "airflow", *arguments],
            env=self.environment(),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if command.returncode:
            raise RuntimeError(f"airflow {arguments[0]} failed:\n{command.stdout}")
        return command.stdout

    def prepare(self) -> None:
        """Make the folder anew, with an empty database; `start` does it when it was not done."""
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "plugins").mkdir(parents=True)
        # Airflow writes this file when it is missing: all parts at once, one over the other
        (self.home / "airflow.cfg").write_text("# the settings are in the environment\n")
        self.secrets.write_password(self.password_file)
        self.components = {}
        self._is_prepared = True
        if self.sqlite is None:
            self.airflow("db", "migrate")
        else:
            template = self.cache / f"airflow-{self.installed.release}.db"
            copy_database(template, self.sqlite, make=lambda: self.airflow("db", "migrate"))

    def start(self, timeout: float = STARTING) -> None:
        """
        Start every component that does not run and wait until all are healthy.

        The first start makes the folder anew; a later one continues with its database.

        :raises TimeoutError: when they are not healthy in time; nothing is left running then.
        :raises ComponentDied: when one of them ended; nothing is left running then.
        """
        self.launch()
        try:
            self.wait_healthy(timeout)
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start every component that does not run, without waiting for them."""
        if not self._is_prepared:
            self.prepare()
        environment = self.environment()
        for name, arguments in component_commands(
            self.version, self.settings.has_dag_processor, self.triggerers
        ).items():
            component = self.components.get(name) or Component(
                name,
                [self.python, "-m", "airflow", *arguments],
                env=environment,
                log=self.folder / "logs" / f"{name}.log",
                folder=self.home,
            )
            self.components[name] = component
            component.start()
        if self.version < (3,):
            self._create_user()

    def _create_user(self) -> None:
        names = ["--username", USER, "--firstname", "A", "--lastname", "B"]
        mail = ["--email", "admin@localhost", "--role", "Admin"]
        self.airflow("users", "create", *names, *mail, "--password", self.secrets.password)

    def check(self) -> None:
        """Raise ComponentDied when a component ended although nobody had asked it to."""
        for component in self.components.values():
            component.check()

    def stop(self) -> None:
        """End every component and everything that they started."""
        components = list(self.components.values())
        for component in components:
            component.request_stop()
        for component in components:
            component.wait_for_end()

    def wait_until(self, condition: Callable[[], Any], what: str, timeout: float) -> Any:
        """
        Return the first true value of a condition; requests that fail count as false.

        :param what: what is waited for, as it stands in the message of the TimeoutError.
        """
        deadline = time.monotonic() + timeout
        last: object = None
        while True:
            try:
                if last := condition():
                    return last
            except requests.RequestException as error:
                last = error
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {timeout:.0f} seconds (last: {last})")
            time.sleep(POLL)

    def wait_healthy(self, timeout: float = STARTING) -> None:
        """
        Return when database, scheduler, DAG processor and triggerer all report health.

        A sign of life from before a component's last start does not count.
        """
        ailing: list[str] = []

        def all_healthy() -> bool:
            health = self.api.health()
            ailing[:] = [part for part in self.parts() if not self._is_healthy(part, health)]
            return not ailing

        try:
            self.wait_until(all_healthy, "Airflow's health", timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; not healthy: {', '.join(ailing)}") from None

    def parts(self) -> list[str]:
        """Return what Airflow's health consists of."""
        parts = ["metadatabase", "scheduler", "triggerer"]
        return [*parts, "dag_processor"] if self.settings.has_dag_processor else parts

    def _is_healthy(self, part: str, health: dict[str, Health]) -> bool:
        if part not in health or not health[part].healthy:
            return False
        component = self.components.get(part.replace("_", "-"))
        if component is None or component.started is None:
            return True
        heartbeat = health[part].heartbeat
        return heartbeat is not None and moment(heartbeat) >= component.started

    def wait_for_dag(self, dag_id: str, timeout: float = 60) -> None:
        """
        Return when Airflow has read the DAG.

        :raises RuntimeError: with the stack trace, when a DAG file cannot be imported.
        """

        def known() -> bool:
            if self.api.dag(dag_id):
                return True
            if errors := self.api.import_errors():
                raise RuntimeError("a DAG file cannot be imported:\n" + "\n".join(errors))
            return False

        self.wait_until(known, f"DAG {dag_id}", timeout)

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float = 300,
        on_poll: Callable[[list[dict[str, Any]]], None] = lambda tasks: None,
    ) -> str:
        """Return the final state of a DAG run; `on_poll` gets the task instances at every look."""

        def finished() -> str | None:
            # in this order, so that the last look at the tasks shows their final states
            state = self.api.run_state(dag_id, run_id)
            on_poll(self.api.task_instances(dag_id, run_id))
            return state if state in FINAL_RUN_STATES else None

        return str(self.wait_until(finished, f"the end of {dag_id} {run_id}", timeout))
