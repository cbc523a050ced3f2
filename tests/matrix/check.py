"""Everything that is done for one version."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.environment import InstallationFailed, has_python, make_environment
from tests.matrix.suites import GUARDS, SANDBOX, UNIT, Ran, run_tests
from tests.matrix.versions import Version

#: What the demo is looked at for.
LOOKS = ("blocking", "deferred", "pages", "warnings")


@dataclass
class Checked:
    """
    What was found for a version.

    :param airflow: The version of Airflow that was installed.
    :param absent: Why nothing was run, where that is no fault.
    :param broken: Why nothing could be run, where it is one.
    :param demo: The problems of each look at the demo, or None where it was not run.
    """

    version: Version
    airflow: str = ""
    absent: str = ""
    broken: str = ""
    guards: Ran | None = None
    tests: Ran | None = None
    demo: dict[str, list[str]] | None = None
    seconds: float = 0

    @property
    def problems(self) -> list[str]:
        """Everything that is not as it must be."""
        found = [self.broken] if self.broken else []
        for tested in (self.guards, self.tests):
            if tested is not None:
                found += tested.wrong or ([] if tested.passed else ["no test was run"])
        for look, problems in (self.demo or {}).items():
            found += [f"demo, {look}: {problem}" for problem in problems]
        return found


def check(version: Version, wheel: Path, folder: Path, say: Callable[[str], None]) -> Checked:
    """
    Install a version, run what is to be run in it, and look at it.

    :param folder: The environment and all logs are below it.
    :param say: Is told how it goes.
    """
    checked = Checked(version)
    if not has_python(version.python):
        checked.absent = f"no Python {version.python} here"
        return checked
    began = time.monotonic()
    try:
        _check(checked, wheel, folder, say)
    except (InstallationFailed, RuntimeError) as error:
        checked.broken = str(error)
    checked.seconds = time.monotonic() - began
    return checked


def _check(checked: Checked, wheel: Path, folder: Path, say: Callable[[str], None]) -> None:
    version = checked.version
    folder.mkdir(parents=True, exist_ok=True)
    say(f"{version.name}: install …")
    environment = make_environment(version, wheel, folder)
    checked.airflow = environment.airflow
    # Some tests of sensors write into Airflow's database.
    shutil.rmtree(folder / "home", ignore_errors=True)
    if environment.run("database.log", str(environment.bin / "airflow"), "db", "migrate"):
        raise InstallationFailed((folder / "database.log").read_text())
    say(f"{version.name}: package guards …")
    checked.guards = run_tests(environment, "guards", GUARDS)
    say(f"{version.name}: tests …")
    paths = [*UNIT, *(SANDBOX if version.is_whole else [])]
    checked.tests = run_tests(environment, "tests", paths)
    if version.is_whole:
        say(f"{version.name}: demo …")
        result = folder / "demo.json"
        result.unlink(missing_ok=True)
        shutil.rmtree(folder / "demo", ignore_errors=True)
        program = [str(environment.python), "-W", "ignore", "-m", "tests.matrix.demo"]
        status = environment.run("demo.log", *program, str(folder / "demo"), str(result))
        if status or not result.exists():
            end = (folder / "demo.log").read_text().splitlines()[-1:]
            checked.demo = {"blocking": [], "deferred": [f"it broke off: {' '.join(end)}"]}
        else:
            checked.demo = json.loads(result.read_text())
