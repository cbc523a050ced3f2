"""A few threads that work off a queue."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

Job = Callable[[], None]


class WorkerPool:
    """Runs jobs on at most ``size`` threads, which start when they are needed.

    The threads are daemons, unlike those of concurrent.futures: an interpreter that ends without
    ``close`` does not wait for a query.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._closed = False

    def submit(self, job: Job) -> None:
        """Queue a job; what it raises is logged."""
        with self._lock:
            if self._closed:
                raise RuntimeError("The pool is closed.")
            self._unfinished += 1
            if self._unfinished > len(self._threads) < self._size:
                self._add_thread()
            self._jobs.put(job)

    def close(self, timeout: float) -> bool:
        """Take no more jobs, wait for those that were queued, and tell whether all have ended."""
        with self._lock:
            self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _add_thread(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                logger.exception("A job failed in %s", self._name)
            finally:
                with self._lock:
                    self._unfinished -= 1
