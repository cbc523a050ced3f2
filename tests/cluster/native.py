"""One service as a process of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from airflow_provider_dbtsegment.demo.component import Component
from airflow_provider_dbtsegment.demo.environment import child_environment
from tests.cluster import hostname, postgres
from tests.cluster.compose import Service
from tests.cluster.places import ROOT, Places
from tests.cluster.programs import program

#: Seconds to end politely.
GRACE = 10.0


class NativeService:
    """
    A service with its command, settings and health check, where the places say.

    :param folder: Its own files, which a container has inside.
    """

    def __init__(self, service: Service, places: Places, folder: Path) -> None:
        self.service = service
        self.name = service.name
        self.places = places
        self.home = folder / "home" / service.name
        self.environment = self._environment()
        self.component = Component(
            service.name,
            self._command(),
            env=self.environment,
            log=folder / "logs" / f"{service.name}.log",
            folder=self.home,
            grace=GRACE,
        )
        self.starts = 0
        self.complaint = ""
        """What the last health check said, if it was not content."""

    @property
    def keeps_on(self) -> bool:
        """Whether its restart policy starts it again when it ends."""
        return self.service.restart in ("always", "unless-stopped")

    def prepare(self) -> None:
        """Make what a container would find: its volumes and a home."""
        self.home.mkdir(parents=True)
        for volume in self.service.volumes:
            # The server makes its own one, for its own user.
            if not (volume.read_only or self._is_postgres):
                self.places.of(volume).mkdir(parents=True, exist_ok=True)
        if self._is_postgres:
            port = int(self.environment["PGPORT"])
            postgres.make(Path(self.environment["PGDATA"]), port, self.environment)
        # Airflow writes this file when it is missing.
        (self.home / "airflow.cfg").write_text("# the settings are in the environment\n")

    def start(self) -> None:
        """Start it."""
        self.starts += 1
        self.component.start()

    def is_healthy(self) -> bool:
        """Run its health check once."""
        health = self.service.health
        if health is None:
            raise ValueError(f"{self.name} has no health check.")
        test = [self.places.translate(self.service, word) for word in health.test]
        try:
            done = subprocess.run(
                test,
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=health.timeout,
            )
        except subprocess.TimeoutExpired:
            self.complaint = f"it took more than {health.timeout:g} seconds"
            return False
        self.complaint = done.stdout.strip()
        return done.returncode == 0

    def wait_for_health(self) -> float:
        """
        Wait as its health check says, and return the seconds that it took.

        :raises TimeoutError: With what the check said last.
        """
        health = self.service.health
        if health is None:
            raise ValueError(f"{self.name} has no health check.")
        began = time.monotonic()
        while not self.is_healthy():
            if time.monotonic() - began > health.patience:
                raise TimeoutError(
                    f"{self.name} is not healthy after {health.patience:g} seconds: "
                    f"{self.complaint[-500:]}\n{self.component.log_tail()}"
                )
            self.component.check()
            time.sleep(min(health.pause, 1.0))
        return time.monotonic() - began

    @property
    def _is_postgres(self) -> bool:
        return self.service.image.startswith("postgres")

    def _command(self) -> list[str]:
        command = program(self.service.image, self.places.command(self.service))
        if self._is_postgres:
            return postgres.as_its_user([*command, "-D", self.environment["PGDATA"]])
        return command

    def _environment(self) -> dict[str, str]:
        folders = [str(Path(sys.executable).parent)]
        environment = child_environment() | self.places.environment(self.service)
        if (programs := postgres.programs()) is not None:
            folders.append(str(programs))
        if self._is_postgres:
            (volume,) = self.service.volumes
            (port,) = self.service.expose
            environment["PGDATA"] = str(self.places.of(volume))
            environment["PGPORT"] = str(self.places.ports[self.name, port])
        return environment | {
            "PATH": os.pathsep.join([*folders, environment.get("PATH", os.defpath)]),
            "PYTHONPATH": str(ROOT),
            # What tells containers apart, and what of theirs is inside of them.
            hostname.VARIABLE: self.name,
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{hostname.__name__}.service_name",
            "AIRFLOW_HOME": str(self.home),
        }
