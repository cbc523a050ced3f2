"""An environment of its own for each version, below `.matrix/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_dbtsegment.demo.installed import find_airflow
from tests.matrix.versions import ROOT, Version


class InstallationFailed(RuntimeError):
    """What the constraints say cannot be installed."""


@dataclass(frozen=True)
class Environment:
    """
    Where a version is installed.

    :param folder: Holds `venv/` and whatever comes of running something in it.
    """

    folder: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.folder / "venv" / "bin"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.bin / "python"

    @property
    def airflow(self) -> str:
        """The version of Airflow that it has."""
        return find_airflow(str(self.python)).release

    def run(self, log: str, *command: str) -> int:
        """
        Run something in it, in the checkout, and return its exit status.

        :param log: The name of the file below the folder that gets all that it writes.
        """
        kept = {name: value for name, value in os.environ.items() if "AIRFLOW" not in name}
        own = {
            "AIRFLOW_HOME": str(self.folder / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": os.pathsep.join([str(self.bin), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(self.folder / "venv"),
        }
        with (self.folder / log).open("wb") as written:
            return subprocess.run(
                command, cwd=ROOT, env=kept | own, stdout=written, stderr=subprocess.STDOUT
            ).returncode


def has_python(version: str) -> bool:
    """Return whether there is such a Python here."""
    found = uv("python", "find", "--no-project", "--system", version)
    return found.returncode == 0


def build_wheel(folder: Path) -> Path:
    """Build the package as it is here."""
    for old in folder.glob("*.whl"):
        old.unlink()
    uv("build", "--wheel", "--out-dir", str(folder), str(ROOT), must=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(version: Version, wheel: Path, folder: Path) -> Environment:
    """
    Install a version into an empty environment.

    :raises InstallationFailed: With what uv says about it, or with what the constraints leave open.
    """
    made = Environment(folder)
    where = str(made.folder / "venv")
    shutil.rmtree(where, ignore_errors=True)
    uv("venv", "--no-project", "--python", version.python, where, must=True)
    uv(
        *("pip", "install", "--python", str(made.python)),
        *("--constraint", str(version.constraints)),
        *(f"{wheel}[sandbox]", *version.besides, "--group", f"{ROOT / 'pyproject.toml'}:test"),
        must=True,
    )
    listed = uv("pip", "freeze", "--python", str(made.python), must=True).stdout.split("\n")
    kept = version.constraints.read_text().splitlines()
    if loose := [line for line in listed if "==" in line and line not in kept]:
        raise InstallationFailed(f"Not in {version.constraints.name}: {', '.join(loose)}")
    return made


def uv(*arguments: str, must: bool = False) -> subprocess.CompletedProcess[str]:
    """
    Run uv in the checkout.

    :raises InstallationFailed: With what it says, when it must not fail and does.
    """
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if must and done.returncode:
        raise InstallationFailed(done.stdout)
    return done
