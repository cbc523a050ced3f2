"""The table's environment of an older version of Airflow, below `.matrix/`."""

from __future__ import annotations

import subprocess

from tests.matrix.environment import Environment, build_wheel, make_environment, uv
from tests.matrix.versions import ROOT, VERSIONS

#: What the bed needs beside what the tests of a version do.
BESIDES = ("psycopg2-binary", "asyncpg")


def environment_of(name: str) -> Environment:
    """
    Return the environment of a version, made if it is not there.

    :param name: Such as `3.1`.
    :raises KeyError: When there is no such version.
    :raises InstallationFailed: When something cannot be installed.
    """
    version = {one.name: one for one in VERSIONS}[name]
    folder = ROOT / ".matrix"
    environment = Environment(folder / name)
    if not environment.python.exists():
        environment.folder.mkdir(parents=True, exist_ok=True)
        environment = make_environment(version, build_wheel(folder), environment.folder)
    probe = [str(environment.python), "-c", "import psycopg2, asyncpg"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode:
        constraints = ("--constraint", str(ROOT / "constraints.txt"))
        python = ("--python", str(environment.python))
        uv("pip", "install", *python, *constraints, *BESIDES, must=True)
    return environment
