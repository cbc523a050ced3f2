"""Fetch the large artifact in one of the ways, and tell what it has cost."""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from pathlib import Path

import psutil
from airflow.sdk import ObjectStoragePath

from tests.bench.artifacts import PARSED, STORAGE, WAYS
from tests.bench.crowd.members import CONNECTION, OURS
from tests.bench.server.dbt_cloud import FIRST_RUN

NAME = "manifest.json"
#: Seconds between two looks at the memory.
PAUSE = 0.002


class Watched(threading.Thread):
    """Looks at the memory of this process until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        gc.collect()
        self._process = psutil.Process()
        self._before = self._most = self._process.memory_info().rss
        self._done = threading.Event()

    def run(self) -> None:
        """Look."""
        while not self._done.wait(PAUSE):
            self._most = max(self._most, self._process.memory_info().rss)

    def extra(self) -> float:
        """Stop, and return the megabytes that were added at most."""
        self._done.set()
        self.join()
        return float(self._most - self._before) / 1e6


def ours(way: str, file: Path) -> tuple[float, float, int]:
    """Stream it to where it is wanted."""
    from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

    hook = DbtCloudHook(CONNECTION)
    hook.get_run(FIRST_RUN)
    target = ObjectStoragePath(f"file://{file}") if way == STORAGE else file
    watched = Watched()
    watched.start()
    began = time.perf_counter()
    hook.download_run_artifact(FIRST_RUN, NAME, target)
    return time.perf_counter() - began, watched.extra(), file.stat().st_size


def theirs(way: str) -> tuple[float, float, int]:
    """Hold it in memory, as an answer or as what it says."""
    from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook

    hook = DbtCloudHook(CONNECTION)
    hook.get_job_run(FIRST_RUN)
    watched = Watched()
    watched.start()
    began = time.perf_counter()
    answer = hook.get_job_run_artifact(FIRST_RUN, NAME)
    held = answer.json() if way == PARSED else answer.text
    taken = time.perf_counter() - began
    del held
    return taken, watched.extra(), len(answer.content)


def main(way: str, file: str) -> None:
    """Fetch it, and print the cost."""
    fetched = ours(way, Path(file)) if WAYS[way] == OURS else theirs(way)
    seconds, megabytes, length = fetched
    print(json.dumps({"time": seconds, "extra memory": megabytes, "bytes": length}))


if __name__ == "__main__":
    main(*sys.argv[1:])
