"""A worker and a triggerer die on the way, at moments at which they have work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.cluster.cluster import Cluster

#: Seconds for which a service is awaited that has work; then any one will do.
PATIENCE = 15.0
PAUSE = 0.1


@dataclass(frozen=True)
class Death:
    """
    What was killed.

    :param held: How many tasks or waits it had.
    :param after: When, in seconds after the first pipeline was started.
    """

    service: str
    held: int
    after: float


@dataclass
class Plan:
    """
    A service is to be killed.

    :param candidates: One of these, the one that has most.
    :param at: When such a part of the tasks has succeeded.
    :param held: How many tasks or waits a service has.
    """

    candidates: Sequence[str]
    at: float
    held: Callable[[str], int]
    death: Death | None = None

    def carry_out(self, cluster: Cluster, done: float, began: float) -> Death | None:
        """Kill, if it is time and has not been done; return what was."""
        if self.death is not None or done < self.at:
            return None
        name, held = self._fullest()
        cluster.kill(name)
        self.death = Death(name, held, time.monotonic() - began)
        return self.death

    def _fullest(self) -> tuple[str, int]:
        """Return the service that has most, as soon as one has anything."""
        until = time.monotonic() + PATIENCE
        while True:
            held, name = max((self.held(one), one) for one in self.candidates)
            if held or time.monotonic() > until:
                return name, held
            time.sleep(PAUSE)
