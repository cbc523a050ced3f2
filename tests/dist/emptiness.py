"""An environment with nothing in it, in which the wheel is installed as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.dist.commits import ROOT

UV = (sys.executable, "-m", "uv")
CONSTRAINTS = ROOT / "constraints.txt"
#: What of this process's environment would lead to the checkout, or to another Airflow.
LEADING = ("AIRFLOW", "_AIRFLOW", "PYTHON", "VIRTUAL_ENV", "PYTEST", "MAKE")


class Failed(RuntimeError):
    """A command failed; the message is the command and what it wrote."""


class EmptyEnvironment:
    """
    An environment of its own, with a home and a working folder far from the checkout.

    :param folder: is made; everything is written below it.
    """

    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self._own([*UV, "venv", "--quiet", "--python", sys.executable, str(self.venv)])

    def install(self, *requirements: str) -> None:
        """Install packages, of the versions that are tested here."""
        pip = [*UV, "pip", "install", "--quiet", "--python", str(self.venv)]
        self._own([*pip, "--constraint", str(CONSTRAINTS), "--compile-bytecode", *requirements])
        self._own([*UV, "pip", "check", "--quiet", "--python", str(self.venv)])

    def run(self, command: str, *arguments: str, status: int = 0) -> str:
        """
        Run a command that is installed there, and return what it writes.

        :raises Failed: when its exit status is another one.
        """
        return self._own([str(self.venv / "bin" / command), *arguments], status)

    def _own(self, command: Iterable[str], status: int = 0) -> str:
        words = list(command)
        done = subprocess.run(
            words,
            cwd=self.home,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != status:
            raise Failed(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: one for name, one in os.environ.items() if not name.startswith(LEADING)}
        path = os.pathsep.join([str(self.venv / "bin"), kept.get("PATH", os.defpath)])
        own = {"HOME": str(self.home), "AIRFLOW_HOME": str(self.home / "airflow"), "PATH": path}
        return {**kept, **own, "SCARF_ANALYTICS": "false", "DO_NOT_TRACK": "1"}


def resolves(wheel: Path, python: str) -> str | None:
    """Return why a wheel with its sandbox cannot be installed on a version of Python, if so."""
    done = subprocess.run(
        [*UV, "pip", "compile", "--quiet", "--python-version", python, "--no-header", "-"],
        input=f"airflow-provider-dbtsegment[sandbox] @ {wheel.resolve().as_uri()}",
        capture_output=True,
        text=True,
    )
    return done.stderr.strip() if done.returncode else None
