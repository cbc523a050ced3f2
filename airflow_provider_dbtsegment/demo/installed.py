"""Which Airflow an interpreter has, found without importing it: that takes seconds."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

PROBE = """
import importlib.metadata, importlib.util, os
try:
    version = importlib.metadata.version("apache-airflow-core")
except importlib.metadata.PackageNotFoundError:
    version = importlib.metadata.version("apache-airflow")
folder = importlib.util.find_spec("airflow").submodule_search_locations[0]
compiled = importlib.util.cache_from_source(os.path.join(folder, "settings.py"))
print(version, os.path.exists(compiled))
"""


@dataclass(frozen=True)
class InstalledAirflow:
    """
    An installation of Airflow.

    :param release: the whole version, for example `3.3.2` or `3.4.0rc1`.
    :param is_compiled: whether its compiled files are there already.
    """

    release: str
    is_compiled: bool

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers of the version, for example (3, 3, 2)."""
        return tuple(int(part) for part in self.release.split(".")[:3] if part.isdigit())


def find_airflow(python: str) -> InstalledAirflow:
    """
    Ask an interpreter for its Airflow.

    :raises RuntimeError: when it has none.
    """
    probe = subprocess.run([python, "-c", PROBE], capture_output=True, text=True)
    if probe.returncode:
        raise RuntimeError(f"{python} has no Airflow:\n{probe.stderr}")
    release, compiled = probe.stdout.split()
    return InstalledAirflow(release, compiled == "True")


def component_commands(
    version: tuple[int, ...], has_dag_processor: bool, triggerers: int
) -> dict[str, list[str]]:
    """Return the arguments of `airflow` for each component."""
    server = "webserver" if version < (3,) else "api-server"
    # all parts are on this machine and read the log files themselves: nobody has to serve them
    commands = {server: [server], "scheduler": ["scheduler", "--skip-serve-logs"]}
    if has_dag_processor:
        commands["dag-processor"] = ["dag-processor"]
    for number in range(1, triggerers + 1):
        name = "triggerer" if number == 1 else f"triggerer-{number}"
        commands[name] = ["triggerer", "--skip-serve-logs"]
    return commands
