"""Where on this machine everything is that services know by a name, a port or a path."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from airflow_provider_dbtsegment.demo.airflow_settings import free_port
from airflow_provider_dbtsegment.demo.environment import LOOPBACK
from tests.cluster.compose import Service, Volume

ROOT = Path(__file__).parents[2]


class Places:
    """
    Private ports of the loopback interface, and folders.

    :param folder: Named volumes become folders below it.
    """

    def __init__(self, services: Mapping[str, Service], folder: Path) -> None:
        self.folder = folder
        self.ports = {
            (service.name, port): free_port()
            for service in services.values()
            for port in service.expose
        }
        addresses = {
            f"{name}:{port}": f"{LOOPBACK}:{private}"
            for (name, port), private in self.ports.items()
        }
        for service in services.values():
            for published in service.ports:
                _, outside, inside = published.rsplit(":", 2)
                addresses[f"localhost:{outside}"] = addresses[f"{service.name}:{inside}"]
        self._addresses = addresses
        words = "|".join(re.escape(address) for address in [*addresses, "0.0.0.0"])  # noqa: S104
        self._address = re.compile(rf"(?<![\w.-])(?:{words})(?![\w.-])")

    def address(self, service: str, port: str) -> str:
        """Return where a service listens that others reach under its name."""
        return self._addresses[f"{service}:{port}"]

    def translate(self, service: Service, text: str) -> str:
        """Return a word of a service's command, or a setting, as it has to be here."""
        if (service.name, text) in self.ports:
            return str(self.ports[service.name, text])
        text = self._address.sub(lambda found: self._addresses.get(found[0], LOOPBACK), text)
        for volume in service.volumes:
            text = re.sub(rf"{re.escape(volume.target)}(?=$|[/\s])", str(self.of(volume)), text)
        return text

    def command(self, service: Service) -> list[str]:
        """Return a service's command."""
        return [self.translate(service, word) for word in service.command]

    def environment(self, service: Service) -> dict[str, str]:
        """Return what a service's environment says."""
        return {name: self.translate(service, value) for name, value in service.environment.items()}

    def of(self, volume: Volume) -> Path:
        """Return the folder of a volume."""
        if volume.source.startswith((".", os.sep)):
            return (ROOT / volume.source).resolve()
        return self.folder / "volumes" / volume.source
