"""A made-up workspace of Segment on a made-up clock, which takes few requests a minute."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from airflow_provider_dbtsegment.exceptions import RateLimitedError
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.segment.sync_source import SyncKey, SyncSource
from airflow_provider_dbtsegment.segment.types import SyncStatus
from tests.histories.world import World
from tests.watching.fleet import WHERE

LIMIT = 250
LATENCY = 0.2
HISTORY = 20


class Workspace:
    """
    The part of Segment's API that waiting uses.

    :param syncs: How many go on.
    :param mappings: How many mappings they belong to; each has its own usual duration.
    """

    def __init__(self, world: World, syncs: int, mappings: int, *, budget: Budget) -> None:
        self.world = world
        self.budget = budget
        self.renewed_at = -math.inf
        self.refused: list[float] = []
        self.reads: list[float] = []
        chance = random.Random(syncs)  # noqa: S311 - a test that can be repeated
        self.usual = [
            math.exp(chance.uniform(math.log(120), math.log(600))) for _ in range(mappings)
        ]
        self.history = [
            [usual * chance.gauss(1, 0.15) for _ in range(HISTORY)] for usual in self.usual
        ]
        self.began: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        for number in range(syncs):
            began = world.now - chance.uniform(0, 60)
            self.began[f"s{number}"] = began
            lasts = self.usual[number % mappings] * chance.gauss(1, 0.15)
            self.ends[f"s{number}"] = max(world.now + 5, began + lasts)

    @property
    def transport(self) -> Any:
        """What answers tell besides what was asked for."""
        return SimpleNamespace(ahead=timedelta(0), server_time=self.world.now)

    def renew(self) -> bool:
        """Keep the token."""
        return False

    @property
    def keys(self) -> list[SyncKey]:
        """What is waited for."""
        return [(f"m{self._mapping(sync)}", sync, f"x{self._mapping(sync)}") for sync in self.ends]

    def get_reverse_etl_sync_status(self, model_id: str, sync_id: str) -> SyncStatus:
        """Return a sync."""
        self._read()
        return self._shown(sync_id)

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, model_id: str, subscription_id: str, *, limit: int
    ) -> list[SyncStatus]:
        """Return the newest syncs of a mapping."""
        self._read()
        mapping = int(subscription_id[1:])
        now = [self._shown(sync) for sync in self.ends if self._mapping(sync) == mapping]
        return (now + [_sync(f"h{n}", 0.0, n, n) for n in self.history[mapping]])[:limit]

    def close(self) -> None:
        """Do nothing."""

    def _mapping(self, sync_id: str) -> int:
        return int(sync_id[1:]) % len(self.usual)

    def _shown(self, sync_id: str) -> SyncStatus:
        return _sync(sync_id, self.began[sync_id], self.ends[sync_id], self.world.now)

    def _read(self) -> None:
        self.world.advance(self.world.now + self.budget.reserve())
        window = self.world.now // 60
        self.reads.append(self.world.now)
        if sum(at // 60 == window for at in self.reads[-2 * LIMIT :]) > LIMIT:
            self.refused.append(self.world.now)
            self.budget.refused(1.0)
            raise RateLimitedError("slowly", **WHERE, status=429, retry_after=1.0)
        self.world.advance(self.world.now + LATENCY)


class RoundRobin(SyncSource):
    """Asks for one after another."""

    def ask_one(self, key: SyncKey) -> SyncStatus:
        return self.api.get_reverse_etl_sync_status(key[0], key[1])

    def group(self, key: SyncKey) -> Hashable:
        return key

    def urgency(self, key: SyncKey, began: float, looked: float | None, now: float) -> Any:
        return None


def _sync(id: str, began: float, ends: float, now: float) -> SyncStatus:
    ended = ends <= now
    return SyncStatus(
        syncId=id,
        syncStatus="SUCCESS" if ended else "IN_PROGRESS",
        startedAt=_iso(began),
        finishedAt=_iso(ends) if ended else None,
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat()
