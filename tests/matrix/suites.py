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
    "tests/test_marker.py",
    "tests/test_texts.py",
    "tests/test_watch.py",
    "tests/test_watch_shape.py",
    *(
        f"tests/{folder}"
        for folder in (
            "dbt_cloud",
            "endpoints",
            "hooks",
            "launch",
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

    :param why_skipped: How many were skipped for each reason.
    """

    passed: int = 0
    wrong: list[str] = field(default_factory=list)
    why_skipped: Counter[str] = field(default_factory=Counter)

    @property
    def skipped(self) -> int:
        return self.why_skipped.total()

    @property
    def is_fine(self) -> bool:
        return bool(self.passed) and not self.wrong

    def __str__(self) -> str:
        words = [f"{self.passed:,} passed"]
        words += [f"{self.skipped:,} skipped"] if self.skipped else []
        words += [f"{len(self.wrong):,} failed"] if self.wrong else []
        return ", ".join(words)


def run_tests(environment: Environment, name: str, paths: list[str]) -> Ran:
    """Run tests in an environment; `name` is that of its log and its report."""
    report = environment.folder / f"{name}.xml"
    report.unlink(missing_ok=True)
    cache = environment.folder / "pytest"
    # The program and not `python -m`, so that the installed package is the one that is tested.
    pytest = [str(environment.bin / "pytest"), "--quiet", "-o", f"cache_dir={cache}"]
    status = environment.run(f"{name}.log", *pytest, f"--junitxml={report}", *paths)
    tested = read_report(report) if report.exists() else Ran()
    if status and not tested.wrong:
        tested.wrong.append(f"pytest ended with status {status}")
    return tested


def read_report(path: Path) -> Ran:
    """Read the report that pytest has written."""
    tested = Ran()
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314 - pytest's own
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tested.wrong.append(f"{case.get('classname')}::{case.get('name')}")
        elif skipped is not None:
            tested.why_skipped[str(skipped.get("message"))] += 1
        else:
            tested.passed += 1
    return tested
