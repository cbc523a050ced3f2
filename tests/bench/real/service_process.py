"""The service in a process of its own, so that nobody's work is taken for somebody else's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from airflow_provider_dbtsegment.sandbox.tls import TlsFiles, make_tls_files

ROOT = Path(__file__).parents[3]


class ServiceProcess:
    """What the bench tells the service, and asks it."""

    def __init__(self, url: str, tls: TlsFiles) -> None:
        self.url = url
        self.tls = tls
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(tls.ca)

    def start_runs(self, number: int) -> int:
        """Start runs for nobody, and return the id of the first one."""
        return int(self._control("start", number=number)["first"])

    def end_runs(self) -> float:
        """End all runs, and return when that was, in seconds since the epoch."""
        return float(self._control("end")["at"])

    def counts(self) -> dict[str, int]:
        """Return how many requests there were, and how many of them were refused."""
        return {"requests": 0, "refused": 0, **self._control("counts")}

    def _control(self, word: str, **asked: Any) -> Any:
        answer = self._session.get(f"{self.url}/control/{word}", params=asked, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


@contextmanager
def service_process(folder: Path) -> Iterator[ServiceProcess]:
    """Run the service; it ends with this process, however that ends."""
    tls = make_tls_files(folder)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.real.service", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A Ctrl-C is for the bench: it needs the service for its own end.
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both are pipes")
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("The service did not start.")
        service = ServiceProcess(url, tls)
        try:
            yield service
        finally:
            service.close()
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
