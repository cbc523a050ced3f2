"""Run one program and leave nothing of it behind.

    python keeper.py LOG_FILE GRACE_SECONDS PROGRAM [ARGUMENT…]

A keeper stands between us and each part of a local Airflow, as a container would:

* when the program ends, everything that it started ends with it, whatever sessions and process
  groups that made for itself;
* SIGTERM asks the program to end, and kills it after the grace period; SIGUSR1 kills at once;
* when the keeper's standard input closes, whoever started it is gone (Ctrl-C, SIGKILL, a crash),
  and it ends the program likewise.

The first line on standard output is the program's process id. The exit status is the program's
(128 + n when a signal ended it). This file runs by itself and needs the standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
REAPING_PAUSE = 0.01


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, where the system can do that (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def parents() -> dict[int, int]:
    """Return the parent of every process on this machine."""
    found = {}
    if Path("/proc/self/stat").exists():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # the program's name stands in brackets and may hold anything
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
                found[int(stat.parent.name)] = int(fields[1])
        return found
    listing = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True)  # noqa: S607
    for line in listing.stdout.splitlines():
        pid, parent = line.split()
        found[int(pid)] = int(parent)
    return found


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for child, parent in parents().items():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


class Keeper:
    """One program, its end, and the end of everything that it started."""

    def __init__(self, log: Path, grace: float, command: list[str]) -> None:
        self.grace = grace
        self.signals: set[int] = set()
        self.wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, lambda received, _: self.signals.add(received))
        with log.open("ab") as output:
            self.program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.status: int | None = None

    def reap(self) -> None:
        """Collect every child that has ended, adopted ones too."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if pid == self.program.pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    self.program.returncode = self.status

    def run(self) -> int:
        """Keep the program until it ends or has to, then clear up; return its exit status."""
        give_up_at: float | None = None
        while True:
            self.reap()
            if self.status is not None or signal.SIGUSR1 in self.signals:
                break
            if give_up_at is None and self.signals & {signal.SIGTERM, signal.SIGINT}:
                give_up_at = time.monotonic() + self.grace
                self.program.terminate()
            if give_up_at is not None and time.monotonic() > give_up_at:
                break
            self.wait_for_news(None if give_up_at is None else give_up_at - time.monotonic())
        self.kill_the_rest()
        status = self.status if self.status is not None else -signal.SIGKILL
        return 128 - status if status < 0 else status

    def wait_for_news(self, seconds: float | None) -> None:
        """Return when a signal came, standard input closed, or the seconds are over."""
        watched = [self.wake_read] if self.signals & {signal.SIGTERM} else [0, self.wake_read]
        ready, _, _ = select.select(watched, [], [], None if seconds is None else max(seconds, 0))
        if self.wake_read in ready:
            os.read(self.wake_read, 4096)
        if 0 in ready and not os.read(0, 4096):
            self.signals.add(signal.SIGTERM)

    def kill_the_rest(self) -> None:
        """Kill every descendant, until there is none."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.program.pid, signal.SIGKILL)
        while remaining := descendants(os.getpid()):
            for pid in remaining:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            time.sleep(REAPING_PAUSE)
        self.reap()


def main() -> int:
    log, grace, *command = sys.argv[1:]
    adopt_orphans()
    keeper = Keeper(Path(log), float(grace), command)
    print(keeper.program.pid, flush=True)
    return keeper.run()


if __name__ == "__main__":
    sys.exit(main())
