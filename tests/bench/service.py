"""The process of the server, as the bench sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_dbtsegment.sandbox.tls import make_tls_files


@dataclass(frozen=True)
class Count:
    """
    What the server has counted of a client.

    :param requests: By what was asked for.
    :param throttled: Those of them that were too many.
    :param seconds: Requests in each second of the clock.
    :param refusals: Those of them that were too many.
    """

    connections: int
    requests: dict[str, int]
    throttled: dict[str, int]
    seconds: dict[int, int]
    refusals: dict[int, int]

    def rate(self, begin: float, end: float) -> float:
        """Return the requests a second between two times."""
        some = [number for second, number in self.seconds.items() if begin <= second < end]
        return sum(some) / (end - begin)


class Service:
    """
    A server with a world for each token.

    :param ca: The certificate of the authority that its own is signed by.
    """

    def __init__(self, process: subprocess.Popen[str], port: int, ca: Path) -> None:
        self._process = process
        self._lock = threading.Lock()
        self.port = port
        self.ca = ca

    @property
    def trust(self) -> dict[str, str]:
        """What a client's environment must say."""
        ca = str(self.ca)
        return {"REQUESTS_CA_BUNDLE": ca, "SSL_CERT_FILE": ca, "NO_PROXY": "127.0.0.1"}

    def do(self, what: str, token: str, **more: Any) -> Any:
        """Tell the server what to do."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("The server has no pipes.")
        with self._lock:
            self._process.stdin.write(json.dumps({"do": what, "token": token, **more}) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def count(self, token: str) -> Count:
        """Return what has come with a token."""
        said = self.do("count", token)
        for by_second in ("seconds", "refusals"):
            said[by_second] = {int(second): number for second, number in said[by_second].items()}
        return Count(**said)


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Run a server with a certificate of its own."""
    tls = make_tls_files(folder / "tls")
    command = [sys.executable, "-m", "tests.bench.server", str(tls.certificate), str(tls.key)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("The server has no pipes.")
        port = int(process.stdout.readline())
        try:
            yield Service(process, port, tls.ca)
        finally:
            process.stdin.close()
            process.wait(timeout=10)
