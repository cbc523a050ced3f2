"""Let many wait in a process of their own, for syncs that end as planned."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from tests.bench.crowd.process import Process, new_token, segment_connection
from tests.bench.crowd.result import Result
from tests.bench.server.segment import NOISE, PlannedSync
from tests.bench.service import Service

#: Seconds before the first sync begins, for the processes to hear of it.
START = 1.0


@dataclass(frozen=True)
class SyncPlan:
    """
    Who waits, and for what: two syncs of each mapping, whose usual durations differ.

    :param way: ``ours``, or ``in turn``.
    :param shortest: Seconds that the syncs of the quickest mapping last.
    :param begins: Seconds over which the syncs begin.
    :param limit: Requests a minute that the service takes.
    :param tail: Seconds after the last end until those who have not heard of theirs are given up.
    """

    way: str
    syncs: int
    shortest: float = 120.0
    longest: float = 600.0
    begins: float = 60.0
    limit: int = 250
    interval: float = 10.0
    tail: float = 300.0

    def as_way(self, way: str) -> SyncPlan:
        """Return the same for another way."""
        return replace(self, way=way)

    def run(self, service: Service) -> Result:
        """Let them wait."""
        token = new_token()
        with Process(segment_connection(service.port, token), service.trust) as process:
            process.prepare("segment", self.way, self.interval)
            now = time.time() + START
            planned = self._planned(now)
            service.do("segment", token, syncs=[asdict(sync) for sync in planned], limit=self.limit)
            ends = [sync.ends for sync in planned]
            times = {
                "keys": [(sync.model, sync.id, sync.mapping) for sync in planned],
                "begins": [sync.began for sync in planned],
                "settle": self.begins,
                "steady": [now + self.begins, now + self.begins + self.shortest / 2],
                "until": max(ends) + self.tail,
            }
            process.tell(times)
            told = process.hear()
            result = Result.read(told, service.count(token), ends, times)
        service.do("forget", token)
        return result

    def _planned(self, now: float) -> Sequence[PlannedSync]:
        """Return the syncs; they are the same for all ways."""
        chance = random.Random(self.syncs)  # noqa: S311 - durations, not secrets
        span = math.log(self.longest / self.shortest)
        usual = [
            self.shortest * math.exp(chance.random() * span) for _ in range((self.syncs + 1) // 2)
        ]
        planned = []
        for n in range(self.syncs):
            mapping = n % len(usual)
            began = now + chance.random() * self.begins
            noise = min(max(chance.gauss(0, NOISE), -2 * NOISE), 2 * NOISE)
            planned.append(
                PlannedSync(
                    id=f"sync-{n}",
                    mapping=f"mapping-{mapping}",
                    model=f"model-{mapping}",
                    usual=usual[mapping],
                    began=began,
                    ends=began + usual[mapping] * math.exp(noise),
                )
            )
        return planned
