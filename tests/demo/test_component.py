"""A component leaves nothing behind, however it ends. Its children hide in their own sessions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.demo.component import Component, ComponentDied

FAMILY = """
import os, pathlib, signal, sys, time
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("orphan").write_text(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
print("ready", flush=True)
while not pathlib.Path("end").exists():
    time.sleep(0.01)
sys.exit(3)
"""

OWNER = """
import sys, time, pathlib
from airflow_provider_dbtsegment.demo.component import Component
folder = pathlib.Path(sys.argv[1])
Component("family", sys.argv[2:], env={}, log=folder / "log", folder=folder).start()
print("started", flush=True)
time.sleep(600)
"""


def eventually(condition: Callable[[], object], timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def orphan(folder: Path) -> int:
    file = folder / "orphan"
    eventually(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def family(folder: Path, stubborn: bool = False) -> Component:
    program = [sys.executable, "-c", FAMILY.format(stubborn=stubborn)]
    return Component(
        "family", program, env=dict(os.environ), log=folder / "log", folder=folder, grace=0.3
    )


@pytest.fixture(params=[False, True], ids=["polite", "stubborn"])
def component(tmp_path: Path, request: pytest.FixtureRequest) -> Component:
    component = family(tmp_path, stubborn=request.param)
    component.start()
    eventually(lambda: "ready" in component.log_text())
    return component


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_ending_ends_orphans_in_other_sessions(
    component: Component, way: str, tmp_path: Path
) -> None:
    pids = [component.pid, orphan(tmp_path)]
    assert all(pid and exists(pid) for pid in pids)
    getattr(component, way)()
    assert not any(pid and exists(pid) for pid in pids)
    component.check()


def test_a_program_that_ends_by_itself_is_noticed_with_its_log(tmp_path: Path) -> None:
    component = family(tmp_path)
    component.start()
    left = orphan(tmp_path)
    (tmp_path / "end").touch()
    eventually(lambda: not component.is_running)
    with pytest.raises(ComponentDied, match=r"(?s)status 3.*ready"):
        component.check()
    assert not exists(left)


def test_a_component_can_be_started_again(tmp_path: Path) -> None:
    component = family(tmp_path)
    component.start()
    first = component.pid
    component.restart()
    assert component.is_running
    assert component.pid != first
    component.kill()
    assert component.exit_status == 128 + signal.SIGKILL


def test_a_component_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    program = [sys.executable, "-c", FAMILY.format(stubborn=True)]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), *program], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"started\n"
        left = orphan(tmp_path)
        owner.kill()
    eventually(lambda: not exists(left))
