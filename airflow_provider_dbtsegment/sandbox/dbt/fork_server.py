"""The process that has dbt imported and forks one child for each invocation.

It reads requests, one JSON object a line, and answers on standard output the same way::

    {"start": 7, "argv": ["build"], "cwd": "…", "env": {…}, "log": "…"}  →  {"ended": 7, "code": 0}
    {"kill": 7}                                                          →  {"ended": 7, "code": -9}

Each child leads a process group of its own. ``ended`` is said once the whole group is gone. When
standard input closes, because the sandbox ended in whatever way, all groups are killed.
"""

import atexit
import ctypes
import gc
import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

PR_SET_CHILD_SUBREAPER = 36
GROUP_END_SECONDS = 5.0
# The static parser starts threads that stay, and a process with threads must not fork.
NO_THREADS = "--no-static-parser"
WARM_UP_PROJECT = Path(__file__).parent.parent / "shop"


def main() -> None:
    """Import dbt, say ``ready``, and serve until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt_orphans()
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever dbt prints while it warms up is no answer
    _warm_up()
    gc.collect()
    gc.freeze()
    ForkServer(answers).serve()
    _end(0)


class ForkServer:
    """Children by the number that the sandbox gave them."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._children: dict[int, int] = {}

    def serve(self) -> None:
        """Start, kill and reap children until standard input closes."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        self._say({"ready": os.getpid()})
        pending = b""
        while True:
            for key, _ in selector.select():
                received = os.read(key.fd, 65536)
                if key.fd == wake_read:
                    self._reap()
                elif not received:
                    self._stop()
                    return
                else:
                    *lines, pending = (pending + received).split(b"\n")
                    for line in lines:
                        self._obey(json.loads(line))

    def _obey(self, request: dict[str, Any]) -> None:
        if "kill" in request:
            pid = self._children.get(request["kill"])
            if pid is not None:
                _kill_group(pid)
            return
        pid = os.fork()
        if pid == 0:
            _run_child(request, self._answers)
        # Done in the child too: whoever comes first closes the gap before a kill.
        _lead_group(pid)
        self._children[request["start"]] = pid

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = next((n for n, child in self._children.items() if child == pid), None)
            if number is None:
                continue
            _end_group(pid)
            del self._children[number]
            self._say({"ended": number, "code": os.waitstatus_to_exitcode(status)})

    def _stop(self) -> None:
        for pid in self._children.values():
            _end_group(pid)

    def _say(self, answer: dict[str, Any]) -> None:
        try:
            os.write(self._answers, json.dumps(answer).encode() + b"\n")
        except BrokenPipeError:  # the sandbox was killed, and nobody is left to be told
            self._stop()
            _end(0)


def _run_child(request: dict[str, Any], answers: int) -> NoReturn:
    """Become dbt; the process ends with dbt's exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _lead_group(0)
    os.close(answers)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    _end(_invoke(request["argv"]))


def _end(code: int) -> NoReturn:
    # Semaphores are given back; taking apart what dbt imported would only cost time and warnings.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _invoke(argv: list[str]) -> int:
    from dbt.cli.main import cli

    sys.argv = ["dbt", *argv]
    try:
        cli(argv, standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _warm_up() -> None:
    """Import what a build would import on the way, and parse a project once.

    Parsing compiles the validators and serialisers that dbt makes on first use, about a second of
    each invocation. It opens no connection and leaves no thread behind, so forking stays safe.
    """
    import dbt.adapters.duckdb
    import dbt.cli.main
    import dbt.task.build
    import dbt.task.docs.generate
    import dbt.task.retry
    import dbt_common.events.functions

    with tempfile.TemporaryDirectory() as folder:
        project = shutil.copytree(WARM_UP_PROJECT, Path(folder, "project"))
        profile = {"type": "duckdb", "path": ":memory:", "schema": "main"}
        profiles = {"shop": {"target": "warm", "outputs": {"warm": profile}}}
        Path(folder, "profiles.yml").write_text(json.dumps(profiles), encoding="utf-8")
        options = ["--project-dir", str(project), "--profiles-dir", folder]
        runner = dbt.cli.main.dbtRunner()
        for _ in range(2):  # the second one reads what the first one saved
            runner.invoke(["--quiet", "parse", *options, "--log-path", folder, NO_THREADS])
    # What dbt would not ask again of the invocations to come.
    dbt_common.events.functions.reset_metadata_vars()


def _adopt_orphans() -> None:
    """Make grandchildren ours when their parent dies, so that a killed group can be reaped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _lead_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)
    except OSError:  # already done by the other side
        return


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _end_group(pid: int) -> None:
    """Kill what is left of a group and wait until nothing is."""
    deadline = time.monotonic() + GROUP_END_SECONDS
    while time.monotonic() < deadline:
        _kill_group(pid)
        try:
            while os.waitpid(-pid, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        try:
            os.killpg(pid, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.005)


if __name__ == "__main__":
    main()
