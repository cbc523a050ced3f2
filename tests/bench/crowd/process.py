"""A process in which many wait, as the bench sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import count
from typing import IO, Any

from tests.bench.crowd.members import CONNECTION, OURS
from tests.bench.server.dbt_cloud import ACCOUNT

#: Seconds for which a process is looked at before anybody waits.
IDLE = 5.0

_tokens = count(1)


def new_token() -> str:
    """Return a token that nobody has used."""
    return f"crowd-{next(_tokens)}"


def dbt_cloud_connection(provider: str, port: int, token: str) -> dict[str, Any]:
    """Return a connection to dbt Cloud."""
    host = f"127.0.0.1:{port}"
    ours = {"conn_type": "dbt_cloud_admin", "host": f"https://{host}"}
    kind = ours if provider == OURS else {"conn_type": "dbt_cloud", "host": host}
    return {**kind, "login": str(ACCOUNT), "password": token}


def segment_connection(port: int, token: str) -> dict[str, Any]:
    """Return a connection to Segment."""
    host = f"https://127.0.0.1:{port}"
    return {"conn_type": "segment_public_api", "host": host, "password": token}


def named(conn: dict[str, Any]) -> dict[str, str]:
    """Return the environment from which Airflow reads a connection."""
    return {f"AIRFLOW_CONN_{CONNECTION.upper()}": json.dumps(conn)}


class Process:
    """
    A process in which many wait.

    :param conn: The connection that they use, as Airflow reads it from the environment.
    """

    def __init__(self, conn: dict[str, Any], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.bench.crowd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, **named(conn)},
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:
            pass

    def tell(self, what: dict[str, Any]) -> None:
        """Tell it something."""
        _given(self._process.stdin).write(json.dumps(what) + "\n")
        _given(self._process.stdin).flush()

    def prepare(self, service: str, way: str, interval: float, idle: float = IDLE) -> None:
        """Let it import all it needs, and find out what it costs with nobody in it."""
        self.tell({"service": service, "provider": way, "interval": interval, "idle": idle})
        while (line := self._line()) != "ready":
            print(line, file=sys.stderr)

    def hear(self) -> dict[str, Any]:
        """Return what it tells in the end."""
        while not (line := self._line()).startswith("{"):
            print(line, file=sys.stderr)
        told: dict[str, Any] = json.loads(line)
        return told

    def _line(self) -> str:
        line = _given(self._process.stdout).readline()
        if not line:
            raise RuntimeError("The process of those who wait has ended before they have.")
        return line.rstrip("\n")


def _given(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("The process has no pipes.")
    return pipe
