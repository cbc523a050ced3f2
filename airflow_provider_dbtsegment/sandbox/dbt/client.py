"""The sandbox's end of the fork server."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

FORK_SERVER = "airflow_provider_dbtsegment.sandbox.dbt.fork_server"
STOP_SECONDS = 10.0
# A killed child cannot give its semaphores back; the tracker does, and would complain.
KILLED_IS_NO_LEAK = "ignore:resource_tracker"

# Nothing that dbt does by itself leaves this machine.
QUIET_DBT = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "False", "DBT_USE_COLORS": "False"}


class Invocation:
    """One dbt command under way, in a process group of its own."""

    def __init__(self, client: "DbtClient", number: int) -> None:
        self._client = client
        self._number = number
        self._ended = threading.Event()
        self._code = -1

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end of the whole process group.

        :param timeout: seconds; without one, for ever.
        :return: dbt's exit code, negative when a signal ended it; None when the time is over first.
        """
        return self._code if self._ended.wait(timeout) else None

    def kill(self) -> None:
        """Kill the process group; :meth:`wait` returns once it is gone."""
        self._client.send({"kill": self._number})

    def end(self, code: int) -> None:
        """Note that the process group is gone."""
        self._code = code
        self._ended.set()


class DbtClient:
    """Starts dbt commands. The fork server begins to warm up at :meth:`start`."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._numbers = itertools.count(1)
        self._invocations: dict[int, Invocation] = {}
        self._lock = threading.Lock()
        self._is_warm = threading.Event()

    def __enter__(self) -> "DbtClient":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the fork server; commands sent meanwhile wait until it is warm."""
        self._server = subprocess.Popen(
            [sys.executable, "-m", FORK_SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **QUIET_DBT, "PYTHONWARNINGS": KILLED_IS_NO_LEAK},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="dbt-answers", daemon=True)
        self._reader.start()

    def wait_until_warm(self, timeout: float) -> bool:
        """Wait until commands start at once; return whether they do, or whether dbt is gone.

        :param timeout: seconds.
        """
        return self._is_warm.wait(timeout)

    def close(self) -> None:
        """Kill what is running and end the fork server."""
        if self._server is None or self._server.stdin is None or self._reader is None:
            return
        self._server.stdin.close()
        try:
            # It has no children while it still warms up, and would not listen.
            self._server.wait(STOP_SECONDS if self._is_warm.is_set() else 0)
        except subprocess.TimeoutExpired:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
        self._reader.join(STOP_SECONDS)
        if self._server.stdout is not None:
            self._server.stdout.close()

    def invoke(self, argv: list[str], cwd: Path, env: dict[str, str], log: Path) -> Invocation:
        """Start ``dbt *argv``.

        :param env: added to this process's environment.
        :param log: the file that standard output and standard error are appended to.
        """
        invocation = Invocation(self, next(self._numbers))
        with self._lock:
            self._invocations[invocation._number] = invocation
        self.send(
            {
                "start": invocation._number,
                "argv": argv,
                "cwd": str(cwd),
                "env": {**os.environ, **QUIET_DBT, **env},
                "log": str(log),
            }
        )
        return invocation

    def send(self, request: dict[str, object]) -> None:
        """Send one request; a server that is gone ends all invocations instead."""
        with self._lock:
            try:
                if self._server is not None and self._server.stdin is not None:
                    self._server.stdin.write(json.dumps(request).encode() + b"\n")
                    self._server.stdin.flush()
                    return
            except (OSError, ValueError):  # closed by us, or dead
                pass
        self._end_all()

    def _read(self) -> None:
        if self._server is None or self._server.stdout is None:
            return
        for line in self._server.stdout:
            answer = json.loads(line)
            self._is_warm.set()
            if "ended" in answer:
                with self._lock:
                    invocation = self._invocations.pop(answer["ended"])
                invocation.end(answer["code"])
        self._is_warm.set()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            invocations = list(self._invocations.values())
            self._invocations.clear()
        for invocation in invocations:
            invocation.end(-1)
