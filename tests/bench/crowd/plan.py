"""Let many wait in a process of their own, for runs that end as planned."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from typing import IO, Any

from tests.bench.crowd.members import CONNECTION, OURS
from tests.bench.crowd.result import Result
from tests.bench.server.dbt_cloud import ACCOUNT, FIRST_RUN
from tests.bench.service import Service

_tokens = count(1)


@dataclass(frozen=True)
class Plan:
    """
    Who waits, and for what: first all begin, then all wait, then one after the other ends.

    :param provider: Whose trigger: ``ours`` or ``theirs``.
    :param interval: Seconds between looks, as a user would ask for them.
    :param limit: Requests a minute that the service takes.
    :param settle: Seconds from the beginning until what waiting costs is measured.
    :param steady: Seconds for which it is, while nothing ends.
    :param spread: Seconds over which the ends are spread.
    :param tail: Seconds after the last end until those who have not heard of theirs are given up.
    """

    provider: str
    waits: int
    interval: float
    limit: int | None = None
    settle: float = 12.0
    steady: float = 30.0
    spread: float = 20.0
    tail: float = 30.0

    def run(self, service: Service) -> Result:
        """Let them wait."""
        token = f"crowd-{next(_tokens)}"
        with Process(connection(self.provider, service.port, token), service.trust) as process:
            process.tell(
                {"service": "dbt_cloud", "provider": self.provider, "interval": self.interval}
            )
            process.until_ready()
            chance = random.Random(self.waits)  # noqa: S311 - spreads ends, protects nothing
            now = time.time()
            begin = now + self.settle
            end = begin + self.steady
            ends = [end + chance.random() * self.spread for _ in range(self.waits)]
            service.do("dbt_cloud", token, ends=ends, began=now, limit=self.limit)
            times = {
                "first": FIRST_RUN,
                "keys": self.waits,
                "settle": self.settle,
                "steady": [begin, end],
                "until": end + self.spread + self.tail,
            }
            process.tell(times)
            told = process.hear()
            result = Result.read(told, service.count(token), ends, times)
        service.do("forget", token)
        return result


class Process:
    """
    A process in which many wait.

    :param conn: The connection that they use, as Airflow reads it from the environment.
    """

    def __init__(self, conn: dict[str, Any], environment: dict[str, str]) -> None:
        named = {f"AIRFLOW_CONN_{CONNECTION.upper()}": json.dumps(conn)}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.bench.crowd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, **named},
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

    def until_ready(self) -> None:
        """Wait until it has imported all it needs, and knows what it costs with nobody in it."""
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


def connection(provider: str, port: int, token: str) -> dict[str, Any]:
    """Return a connection to dbt Cloud."""
    host = f"127.0.0.1:{port}"
    ours = {"conn_type": "dbt_cloud_admin", "host": f"https://{host}"}
    kind = ours if provider == OURS else {"conn_type": "dbt_cloud", "host": host}
    return {**kind, "login": str(ACCOUNT), "password": token}
