"""What the processes of a service hold: memory, file handles, threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.cluster.cluster import Cluster

#: Seconds after which a process is one that stays; a task's own ends before.
STAYS = 90.0


@dataclass(frozen=True)
class Vitals:
    """
    What the lasting processes of a service hold at a moment.

    :param at: Seconds after the first pipeline.
    :param memory: Bytes, what is shared between processes counted once.
    """

    service: str
    at: float
    processes: int
    memory: int
    handles: int
    threads: int


#: The quantities, with what they are called.
QUANTITIES: Mapping[str, Callable[[Vitals], float]] = {
    "memory": lambda vitals: vitals.memory,
    "file handles": lambda vitals: vitals.handles,
    "threads": lambda vitals: vitals.threads,
}


def look(cluster: Cluster, services: Iterable[str], began: float) -> list[Vitals]:
    """Look at services once."""
    at = time.monotonic() - began
    return [vitals_of(name, at, cluster.services[name].component.processes()) for name in services]


def vitals_of(name: str, at: float, pids: Iterable[int], stays: float = STAYS) -> Vitals:
    """Return what those processes hold that stay."""
    held = []
    born_before = time.time() - stays
    for pid in pids:
        # One may end while we look at it.
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.create_time() < born_before:
                memory = process.memory_full_info().pss
                held.append((memory, process.num_fds(), process.num_threads()))
    memory, handles, threads = (sum(column) for column in zip((0, 0, 0), *held, strict=True))
    return Vitals(name, at, len(held), memory, handles, threads)
