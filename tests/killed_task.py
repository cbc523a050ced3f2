"""
Tasks in processes of their own, which are killed as Airflow kills them.

Reads orders from the standard input, forks for each, as Airflow forks for each task, prints the
process id and, when that has ended, a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.rest import budget
from airflow_provider_dbtsegment.tasks import launching
from tests.one_wait import JOB, MAPPING, MODEL
from tests.task_bench import Ledger, run_task


class Terminated(BaseException):
    """What Airflow 2 raises after `on_kill`."""


class LockedLedger(Ledger):
    """A ledger behind a lock that its holder cannot take twice, as the way to Airflow is."""

    lock = threading.Lock()
    dies = False

    def get(self, key: str, default: Any = None) -> Any:
        with self.lock:
            return super().get(key, default)

    def set(self, key: str, value: Any) -> None:
        with self.lock:
            self[key] = value
            if self.dies and "launches" in str(value):
                die()


class LockedLog:
    """A log behind a lock that its holder cannot take twice, as that of Airflow 3 is."""

    lock = threading.Lock()
    dies = False

    def info(self, message: str, *args: Any) -> None:
        with self.lock:
            if self.dies and "is running" in message % args:
                die()

    warning = debug = info


def die() -> None:
    """Be killed here and now, for once."""
    LockedLedger.dies = LockedLog.dies = False
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def everything_locked(task: Any) -> Iterator[None]:
    """Hold the locks that a request takes."""
    with ExitStack() as stack:
        for hook in (task.hook, task._looking):
            for pool in hook.transport._session.get_adapter("http://").poolmanager.pools._container:
                stack.enter_context(
                    hook.transport._session.get_adapter("http://")
                    .poolmanager.pools._container[pool]
                    .pool.mutex
                )
            stack.enter_context(hook._lock)
        stack.enter_context(budget._budgets_lock)
        for one in budget._budgets.values():
            stack.enter_context(one._lock)
        yield


def prepare(task: Any, moment: str) -> None:
    """Have the signal come at a moment that only this process can choose."""
    LockedLedger.dies = moment == "while it writes to the ledger"
    LockedLog.dies = moment == "while it writes to the log"
    if moment == "while it holds the locks of a request":
        ask = RunSource.ask_one
        holding: list[bool] = []

        def ask_one(self: Any, key: int) -> Any:
            state = ask(self, key)
            if not holding:
                holding.append(True)
                with everything_locked(task):
                    die()
            return state

        RunSource.ask_one = ask_one  # type: ignore[method-assign]


def run(order: dict[str, Any]) -> None:
    """Run one task and write down how it took being killed."""
    task = made(order)
    type(task).log = LockedLog()
    ledger = LockedLedger()
    took: list[float] = []
    depth: list[None] = []

    def on_term(*_: Any) -> None:
        depth.append(None)
        began = time.monotonic()
        if order["moment"] == "twice" and len(depth) == 1:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        task.on_kill()
        took.append(time.monotonic() - began)
        if order["raises"]:
            raise Terminated

    def state(task_instance: Any) -> str:
        if order["state"] == "unreachable":
            raise ConnectionError("no Airflow")
        return str(order["state"])

    launching.task_state = state
    signal.signal(signal.SIGTERM, on_term)
    prepare(task, order["moment"])
    state, message = "terminated", ""
    try:
        ended = run_task(task, ledger=ledger)
        state, message = ended.state, ended.message
    except Terminated:
        # Airflow 2 ends the process now; what was under way has this long.
        time.sleep(1.0)
    result = {"state": state, "message": message, "handler": took, "ledger": dict(ledger)}
    Path(order["result"]).write_text(json.dumps(result))


def made(order: dict[str, Any]) -> Any:
    """Return the task of an order."""
    os.environ["AIRFLOW_CONN_KILLED"] = json.dumps(order["connection"])
    options = {"task_id": "t", "poll_interval": 0.2, "retries": 1, **order["options"]}
    if order["service"] == "dbt Cloud":
        return TriggerDbtJobOperator(dbt_cloud_conn_id="killed", job_id=JOB, **options)
    ids = {"source_id": "w", "model_id": MODEL, "subscription_id": MAPPING}
    return CreateReverseETLManualSyncOperator(segment_conn_id="killed", **ids, **options)


def main(say: Callable[[str], object]) -> None:
    """Fork for each order."""
    say("ready\n")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                run(json.loads(line))
                status = 0
            finally:
                os._exit(status)
        say(f"{child}\n")
        say(f"{os.waitpid(child, 0)[1]}\n")


if __name__ == "__main__":
    # What others print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    main(answers.write)
