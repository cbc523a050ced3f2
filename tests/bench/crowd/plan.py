"""Let many wait in a process of their own, for runs that end as planned."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from tests.bench.crowd.process import IDLE, Process, dbt_cloud_connection, new_token
from tests.bench.crowd.result import Result
from tests.bench.server.dbt_cloud import FIRST_RUN
from tests.bench.service import Service


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
    :param idle: Seconds for which the process is looked at before anybody waits.
    """

    provider: str
    waits: int
    interval: float
    limit: int | None = None
    settle: float = 12.0
    steady: float = 30.0
    spread: float = 20.0
    tail: float = 30.0
    idle: float = IDLE

    def run(self, service: Service) -> Result:
        """Let them wait."""
        token = new_token()
        conn = dbt_cloud_connection(self.provider, service.port, token)
        with Process(conn, service.trust) as process:
            process.prepare("dbt_cloud", self.provider, self.interval, self.idle)
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
