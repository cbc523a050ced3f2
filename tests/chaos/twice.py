"""Two processes of one task instance that look for earlier runs at the same moment."""

from __future__ import annotations

import fcntl
import functools
import os
import select
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from tests.chaos.death import Death

#: Seconds for which one waits for the other.
MEETING = 20.0


def run_twice(operators: Sequence[str], death: Death) -> None:
    """
    Let the first call of an operator's `execute` be made by two processes, with one task instance.

    Both go on when both have read the task state store. The way to Airflow, a socket to the
    supervisor, is used by one at a time.

    :param operators: Classes, each as `module:Class`.
    :param death: Its mark says that it was done.
    """
    for path in operators:
        module, _, name = path.partition(":")
        operator = getattr(import_module(module), name)
        operator.execute = _twice(operator.execute, death)


def _twice(whole: Callable[..., Any], death: Death) -> Callable[..., Any]:
    @functools.wraps(whole)
    def execute(self: Any, context: Any) -> Any:
        try:
            os.close(os.open(death.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return whole(self, context)
        _share_the_supervisor(f"{death.mark}.lock")
        here, there = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _meet_after_reading(there[0], here[1])
                whole(self, context)
            finally:
                os._exit(0)
        _meet_after_reading(here[0], there[1])
        try:
            return whole(self, context)
        finally:
            os.waitpid(child, 0)

    return execute


def _share_the_supervisor(path: str) -> None:
    """Let each exchange with the supervisor end before the other process begins one."""
    from airflow.sdk.execution_time.comms import CommsDecoder

    send = CommsDecoder.send

    def locked(self: Any, message: Any) -> Any:
        # A lock of the process: what the two of them had opened before they would share.
        with open(path, "a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            return send(self, message)

    CommsDecoder.send = locked  # type: ignore[method-assign]


def _meet_after_reading(mine: int, other: int) -> None:
    """Wait after the first read of the task state store until the other process has read it."""
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

    get = TaskStateStoreAccessor.get
    met: list[None] = []

    def meeting(self: Any, *arguments: Any, **options: Any) -> Any:
        found = get(self, *arguments, **options)
        if not met:
            met.append(None)
            os.write(other, b"x")
            select.select([mine], [], [], MEETING)
        return found

    TaskStateStoreAccessor.get = meeting  # type: ignore[method-assign]
