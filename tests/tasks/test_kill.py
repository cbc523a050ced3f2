"""Killing a task, with a real signal to a real process: it never hangs, and it cancels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.launching.record import CANCEL_KEY
from airflow_provider_dbtsegment.tasks.cancellation import HANDLER_TIMEOUT
from tests.one_wait import ACCOUNT, TOKEN, OneWait, run, sync
from tests.scripted_server import Reply, serving
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
#: After so many seconds Airflow itself makes short work of a task that it has asked to end.
AIRFLOWS_PATIENCE = 5.0

Kill = Callable[..., dict[str, Any]]


class Nursery:
    """A process that forks tasks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killed_task"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def fork(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self.line())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def killed(nursery: Nursery, tmp_path: Path) -> Kill:
    """Run a task against a server, send a signal when it is due, and return how that went."""

    def kill(
        server: OneWait,
        due: Callable[[], Any] | None = None,
        *,
        moment: str = "",
        service: str = "dbt Cloud",
        raises: bool = False,
        patience: float = 20.0,
        state: str = "failed",
        **options: Any,
    ) -> dict[str, Any]:
        connection = {
            "conn_type": "x",
            "host": server.url,
            "login": str(ACCOUNT),
            "password": TOKEN,
        }
        order = {
            "service": service,
            "moment": moment,
            "raises": raises,
            "state": state,
            "connection": connection,
            "options": options,
            "result": str(tmp_path / "result"),
        }
        child = nursery.fork(order)
        undertaker = threading.Timer(patience, os.kill, (child, signal.SIGKILL))
        undertaker.start()
        began = time.monotonic()
        try:
            if due is not None:
                wait_until(due)
                began = time.monotonic()
                os.kill(child, signal.SIGTERM)
        except BaseException:
            os.kill(child, signal.SIGKILL)
            raise
        finally:
            # Also after a failure, so that the next test does not read it.
            status = nursery.line()
            took = time.monotonic() - began
            undertaker.cancel()
        if status != "0":
            return {"status": status, "took": took, "handler": []}
        return {**json.loads((tmp_path / "result").read_text()), "status": status, "took": took}

    return kill


def ended_well(told: dict[str, Any], server: OneWait) -> None:
    """Assert what is to be true of every kill: nothing hung, and the run was cancelled once."""
    assert told["status"] == "0"
    assert all(took < HANDLER_TIMEOUT + 0.5 for took in told["handler"]), told
    assert server.cancelled == 1
    # A later attempt starts another run: no person has cancelled this one in dbt Cloud.
    assert told["state"] in ("failed", "terminated")
    assert is_recorded(told)


def is_recorded(told: dict[str, Any]) -> bool:
    """Return whether the attempt has written down that it cancels."""
    return any(key.startswith(CANCEL_KEY) for key in told["ledger"])


@pytest.mark.parametrize("raises", [False, True], ids=["Airflow 3", "Airflow 2"])
def test_a_task_that_sleeps_between_looks_is_killed(raises: bool, killed: Kill) -> None:
    with serving(OneWait([(0, run(3))])) as server:
        told = killed(server, lambda: server.looks, raises=raises, poll_interval=60)
        ended_well(told, server)
        assert told["took"] < AIRFLOWS_PATIENCE


@pytest.mark.parametrize("raises", [False, True], ids=["Airflow 3", "Airflow 2"])
def test_a_task_that_reads_an_answer_is_killed(raises: bool, killed: Kill) -> None:
    slow = Reply(body=run(3).body, delay=2.0)
    with serving(OneWait([(0, slow)])) as server:
        told = killed(server, lambda: server.looks, raises=raises)
        ended_well(told, server)
        assert told["took"] < AIRFLOWS_PATIENCE


@pytest.mark.parametrize("raises", [False, True], ids=["Airflow 3", "Airflow 2"])
def test_a_task_whose_start_is_not_answered_yet_is_killed(raises: bool, killed: Kill) -> None:
    with serving(OneWait([(0, run(3))], slow_start=3.5)) as server:
        told = killed(server, lambda: server.started, raises=raises)
        assert server.started == 1
        assert told["status"] == "0"
        assert server.cancelled >= 1
        assert is_recorded(told)
        assert told["took"] < AIRFLOWS_PATIENCE


@pytest.mark.parametrize(
    "moment",
    [
        "while it holds the locks of a request",
        "while it writes to the ledger",
        "while it writes to the log",
    ],
)
def test_a_task_that_holds_a_lock_is_killed(moment: str, killed: Kill) -> None:
    with serving(OneWait([(0, run(3))])) as server:
        told = killed(server, moment=moment)
        ended_well(told, server)


def test_a_second_signal_during_the_first_changes_nothing(killed: Kill) -> None:
    with serving(OneWait([(0, run(3))])) as server:
        told = killed(server, lambda: server.looks, moment="twice", poll_interval=60)
        ended_well(told, server)


def test_a_service_that_does_not_answer_holds_up_nothing(killed: Kill) -> None:
    class Silent(OneWait):
        def next_reply(self) -> Reply:
            reply = super().next_reply()
            return Reply(delay=15.0) if self.cancelled else reply

    with serving(Silent([(0, run(3))])) as server:
        told = killed(server, lambda: server.looks)
        assert told["status"] == "0"
        assert max(told["handler"]) < HANDLER_TIMEOUT + 0.5
        assert told["took"] < AIRFLOWS_PATIENCE


def test_a_kill_leaves_a_run_going_on_if_that_is_wanted(killed: Kill) -> None:
    with serving(OneWait([(0, run(3))])) as server:
        told = killed(server, lambda: server.looks, cancel_on_kill=False, patience=3)
        assert told["status"] == str(int(signal.SIGKILL))
        assert server.cancelled == 0


@pytest.mark.parametrize("wanted", [True, False])
def test_a_sync_is_cancelled_only_if_that_is_wanted(wanted: bool, killed: Kill) -> None:
    with serving(OneWait([(0, sync("IN_PROGRESS"))])) as server:
        options = {"cancel_on_kill": True} if wanted else {}
        told = killed(server, lambda: server.looks, service="Segment", patience=3, **options)
        assert server.cancelled == int(wanted)
        assert (told["status"] == "0") == wanted


@pytest.mark.parametrize("state", ["running", "queued", "up_for_retry", "unreachable"])
def test_a_signal_that_no_person_sent_leaves_the_run(state: str, killed: Kill) -> None:
    """A drained worker, or a process that stood still: the next attempt adopts the run."""
    with serving(OneWait([(0, run(3))])) as server:
        told = killed(server, lambda: server.looks, state=state, poll_interval=60)
        assert told["status"] == "0"
        assert told["took"] < AIRFLOWS_PATIENCE
        assert told["state"] == "failed"
        assert server.cancelled == 0
        assert not is_recorded(told)


@pytest.mark.parametrize("state", ["restarting", "success", "skipped", "removed"])
def test_a_task_that_a_person_has_ended_cancels_its_run(state: str, killed: Kill) -> None:
    with serving(OneWait([(0, run(3))])) as server:
        ended_well(killed(server, lambda: server.looks, state=state, poll_interval=60), server)
