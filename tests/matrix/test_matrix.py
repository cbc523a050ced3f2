"""What the matrix takes for wrong; the matrix itself takes minutes and is no test."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement
from rich.console import Console

from tests.matrix.__main__ import print_checked
from tests.matrix.check import Checked
from tests.matrix.demo import BLOCKING, write_dags
from tests.matrix.logs import alarms
from tests.matrix.suites import GUARDS, SANDBOX, UNIT, Ran, read_report
from tests.matrix.versions import AIRFLOWS, CONSTRAINTS, ROOT, VERSIONS, Version

LINE = re.compile(r"[a-z0-9._-]+==[^ ;@]+")
#: A line of a task's log, and what is to be said of it.
TASK_LOGS = {
    '{"level": "info", "event": "error handling is on"}': [],
    '{"level": "warning", "event": "No XCom value found"}': ["No XCom value found"],
    '{"level": "warning", "event": "Connection schemes (type: x_y) shall not contain _"}': [],
    "[2026-01-31T10:00:00.000+0000] {a.py:1} INFO - Added ImportError": [],
    "[2026-01-31T10:00:00.000+0000] {a.py:1} WARNING - oh": ["{a.py:1} WARNING - oh"],
    "2026-01-31T10:00:00.000000Z [error    ] oh": ["[error    ] oh"],
    "/x/y.py:7 DeprecationWarning: oh": ["/x/y.py:7 DeprecationWarning: oh"],
}


@pytest.mark.parametrize("line", TASK_LOGS)
def test_a_warning_in_a_tasks_log_is_told_unless_it_is_airflows_own(line: str) -> None:
    assert list(alarms([line], of_task=True)) == TASK_LOGS[line]


def test_other_logs_are_searched_for_this_package_alone() -> None:
    ours = (
        "task: <Task cancelling coro=<Watcher._loop() at /x/airflow_provider_dbtsegment/watch.py>"
    )
    theirs = "/x/airflow/configuration.py:877 FutureWarning: set it"
    told = f"{theirs} for airflow_provider_dbtsegment.hooks"
    fine = "INFO - loaded airflow_provider_dbtsegment"
    assert list(alarms([ours, theirs, told, fine], of_task=False)) == [ours, told]


def test_a_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    cases = '<testcase classname="a" name="{}">{}</testcase>'
    report.write_text(
        "<testsuites><testsuite>"
        + cases.format("one", "")
        + cases.format("two", '<skipped message="no place"/>')
        + cases.format(
            "file", """<skipped message="collection skipped">('a', 1, 'Skipped: old')</skipped>"""
        )
        + cases.format("three", "<failure/>")
        + cases.format("four", "<error/>")
        + "</testsuite></testsuites>"
    )
    tested = read_report(report)
    assert str(tested) == "1 passed, 2 skipped, 2 failed"
    assert tested.wrong == ["a::three", "a::four"]
    assert tested.why_skipped == {"no place": 1, "old": 1}


@pytest.mark.parametrize(
    ("checked", "is_fine"),
    [
        (Checked(VERSIONS[0], guards=Ran(1), tests=Ran(1), demo={"pages": []}), True),
        (Checked(VERSIONS[0], absent="no Python 3.13 here"), True),
        (Checked(VERSIONS[0], broken="no such distribution"), False),
        (Checked(VERSIONS[0], guards=Ran()), False),
        (Checked(VERSIONS[0], tests=Ran(1, wrong=["a::b"])), False),
        (Checked(VERSIONS[0], demo={"pages": ["nobody gets 200"]}), False),
    ],
)
def test_whatever_is_wrong_makes_all_of_it_wrong(checked: Checked, is_fine: bool) -> None:
    assert print_checked(Console(quiet=True), [checked]) is is_fine


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_constraints_are_plain_and_of_the_version_that_they_are_for(version: Version) -> None:
    lines = version.constraints.read_text().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    name = version.name
    if name[0].isdigit():
        assert any(line.startswith(f"apache-airflow=={name}.") for line in lines)


def test_the_oldest_versions_are_those_that_are_declared() -> None:
    kept = dict(line.split("==") for line in (CONSTRAINTS / "oldest.txt").read_text().split())
    for text in requires("airflow-provider-dbtsegment") or []:
        needed = Requirement(text)
        lowest = [one.version for one in needed.specifier if one.operator == ">="]
        if lowest:
            given = re.match(rf"{re.escape(lowest[0])}(\.\d+)*$", kept[needed.name])
            assert given, f"{needed} is tried as {kept[needed.name]}"
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert python == f">={VERSIONS[0].python}"


def test_the_readme_names_the_versions_that_are_tried() -> None:
    rows = re.findall(
        r"^\| (\d\.\d+) \| ([\d.]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    kept = {name: (CONSTRAINTS / f"airflow-{name}.txt").read_text().split() for name in AIRFLOWS}
    assert dict(rows).keys() == kept.keys()
    assert [name for name, patch in rows if f"apache-airflow=={patch}" not in kept[name]] == []


def test_every_path_of_tests_is_there() -> None:
    assert [path for path in (*GUARDS, *UNIT, *SANDBOX) if not (ROOT / path).exists()] == []


def test_the_demos_dag_is_written_a_second_time_without_deferring(tmp_path: Path) -> None:
    write_dags(tmp_path)
    blocking = (tmp_path / f"{BLOCKING}.py").read_text()
    assert f'dag_id="{BLOCKING}"' in blocking
    assert "deferrable=True" not in blocking
