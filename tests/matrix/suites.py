"""The tests that are run on every version, and how they went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.matrix.environment import Environment

GUARDS = ["tests/test_package.py"]
#: Not here: what starts a browser or many processes, holds the documentation, or needs the packages
#: of others. A real Airflow is started once for the demo.
UNIT = [
    "tests/test_compat.py",
    "tests/test_texts.py",
    "tests/test_wait_blocking.py",
    "tests/test_watch.py",
    "tests/test_watch_shape.py",
    *(
        f"tests/{folder}"
        for folder in (
            "dbt_cloud",
            "endpoints",
            "hooks",
            "launching",
            "rest",
            "segment",
            "tasks",
            "triggers",
            "ui",
            "watching",
        )
    ),
]
SANDBOX = ["tests/sandbox"]


@dataclass
class Ran:
    """
    How tests went.

    :param again: Those that passed only when they were run a second time.
    :param why_skipped: How many were skipped for each reason.
    """

    passed: int = 0
    again: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    why_skipped: Counter[str] = field(default_factory=Counter)

    @property
    def skipped(self) -> int:
        return self.why_skipped.total()

    @property
    def is_fine(self) -> bool:
        return bool(self.passed) and not self.wrong

    def __str__(self) -> str:
        words = [f"{self.passed:,} passed" + (f" ({len(self.again)} again)" if self.again else "")]
        words += [f"{self.skipped:,} skipped"] if self.skipped else []
        words += [f"{len(self.wrong):,} failed"] if self.wrong else []
        return ", ".join(words)


def run_tests(environment: Environment, name: str, paths: list[str]) -> Ran:
    """
    Run tests in an environment; those that fail are run once more, by themselves.

    Some hold how long something takes, which a machine that does much else may spoil.

    :param name: That of the log and of the report.
    """
    ran = _run(environment, name, paths)
    if ran.wrong and ran.passed:
        second = _run(environment, f"{name}-again", ["--last-failed", *paths])
        ran.again = [name for name in ran.wrong if name not in second.wrong]
        ran.passed += len(ran.again)
        ran.wrong = second.wrong
    return ran


def _run(environment: Environment, name: str, arguments: list[str]) -> Ran:
    report = environment.folder / f"{name}.xml"
    report.unlink(missing_ok=True)
    cache = environment.folder / "pytest"
    # The program and not `python -m`, so that the installed package is the one that is tested.
    pytest = [str(environment.bin / "pytest"), "--quiet", "-o", f"cache_dir={cache}"]
    status = environment.run(f"{name}.log", *pytest, f"--junitxml={report}", *arguments)
    ran = read_report(report) if report.exists() else Ran()
    if status and not ran.wrong:
        ran.wrong.append(f"pytest ended with status {status}")
    return ran


def read_report(path: Path) -> Ran:
    """Read the report that pytest has written."""
    ran = Ran()
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314 - pytest's own
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            ran.wrong.append(f"{case.get('classname')}::{case.get('name')}")
        elif skipped is not None:
            ran.why_skipped[_reason(skipped)] += 1
        else:
            ran.passed += 1
    return ran


def _reason(skipped: ElementTree.Element) -> str:
    """Return why a test was skipped; that of a whole file stands below, as Python writes it."""
    message = str(skipped.get("message"))
    _, found, told = (skipped.text or "").rpartition("Skipped: ")
    return told.rstrip("')\"") if message == "collection skipped" and found else message
