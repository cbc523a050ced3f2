"""Segment with syncs that end as planned, and earlier ones of the same mappings."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate

from airflow_provider_dbtsegment.sandbox.segment.sync import LoadPhase, Sync, SyncStatus
from tests.bench.server.wire import Reply, Request
from tests.bench.server.world import World, as_json, retry_after

#: How many earlier syncs each mapping has, one an hour, and how much their durations differ.
HISTORY, NOISE = 20, 0.15


@dataclass(frozen=True)
class PlannedSync:
    """
    A sync, in seconds since the epoch.

    :param mapping: Of which mapping; each has a model of its own.
    :param usual: How many seconds the mapping's syncs last.
    """

    id: str
    mapping: str
    model: str
    usual: float
    began: float
    ends: float


class SegmentWorld(World):
    """
    Syncs that go on, of mappings with a past.

    :param seed: Decides how long the earlier syncs lasted.
    """

    def __init__(self, syncs: Sequence[PlannedSync], limit: int | None, seed: int = 1) -> None:
        super().__init__(limit)
        self._planned = {sync.id: sync for sync in syncs}
        self._of_mapping: dict[str, list[PlannedSync]] = defaultdict(list)
        chance = random.Random(seed)  # noqa: S311 - durations, not secrets
        for sync in syncs:
            if sync.mapping not in self._of_mapping:
                self._of_mapping[sync.mapping] = _earlier(sync, chance)
            self._of_mapping[sync.mapping].append(sync)

    def kind(self, request: Request) -> str:
        """Return a word for what is asked."""
        return "syncs of a mapping" if "/subscriptionId/" in request.path else "one sync"

    def reply(self, request: Request) -> Reply:
        """Answer a request."""
        parts = request.path.strip("/").split("/")
        if "subscriptionId" in parts:
            syncs = self._of_mapping[parts[parts.index("subscriptionId") + 1]]
            count = min(int(request.query.get("count", 10)), 100)
            begun = [sync for sync in syncs if sync.began <= request.at]
            newest = sorted(begun, key=lambda sync: sync.began, reverse=True)[:count]
            rows = [_show(sync, request.at) for sync in newest]
            page = {"current": "start", "next": None, "totalEntries": len(rows)}
            data = {"syncStatuses": rows, "pagination": page}
        else:
            data = {"reverseETLSyncStatus": _show(self._planned[parts[-1]], request.at)}
        return as_json({"data": data}, headers=self._usage())

    def too_many(self, seconds: float) -> Reply:
        """Refuse a request until the next window."""
        error = {
            "type": "too-many-requests",
            "message": "Too many requests; wait for the next window.",
            "data": {"remainingPoints": 0, "msBeforeNext": math.ceil(seconds * 1000)},
        }
        return as_json({"errors": [error]}, 429, {**self._usage(), **retry_after(seconds)})

    def _usage(self) -> dict[str, str]:
        if self.limit is None:
            return {}
        return {
            "X-RateLimit-Consumed": str(self.used),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": formatdate(math.ceil(self.window_ends), usegmt=True),
        }


def _earlier(sync: PlannedSync, chance: random.Random) -> list[PlannedSync]:
    earlier = []
    for n in range(HISTORY, 0, -1):
        began = sync.began - n * 3600
        ends = began + sync.usual * math.exp(chance.gauss(0, NOISE))
        earlier.append(
            PlannedSync(f"{sync.mapping}-{n}", sync.mapping, sync.model, sync.usual, began, ends)
        )
    return earlier


def _show(sync: PlannedSync, at: float) -> dict[str, object]:
    """Show a sync as the sandbox does."""
    ended = sync.ends <= at
    shown = Sync(
        id=sync.id,
        ordinal=0,
        source_id="source",
        model_id=sync.model,
        mapping_id=sync.mapping,
        started_at=sync.began,
        finished_at=sync.ends if ended else None,
        status=SyncStatus.SUCCESS if ended else SyncStatus.IN_PROGRESS,
        load=LoadPhase(sync.began, sync.ends if ended else None, delivered=1200),
    )
    return shown.to_api(at)
