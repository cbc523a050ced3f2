"""The services' own books: what they have started, when it ended, and what they were asked."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from tests.cluster.works import DBT_LIMIT, LIMITS, SIDES

#: Seconds of a service's window.
WINDOW = 60.0
TOO_MANY = 429
#: Segment's endpoints as they are counted.
ENDPOINTS = (
    ("POST", "/reverse-etl-syncs", "start a sync", "start_sync"),
    ("GET", "/reverse-etl-models/[^/]+/syncs/[^/]+", "sync status", "sync_status"),
    ("GET", "/reverse-etl-models/[^/]+/subscriptionId/[^/]+/syncs", "list syncs", "default"),
    ("POST", "/dbt-model-syncs/trigger", "read dbt models", "dbt_trigger"),
    ("GET", "/", "workspace", "workspace"),
    ("GET", "/sources/[^/]+", "source", "default"),
    ("GET", "/sources/[^/]+/connected-destinations", "destinations of a source", "default"),
    ("GET", "/destinations/[^/]+/subscriptions", "mappings of a destination", "default"),
)
RUN, SYNC = "run", "sync"


@dataclass(frozen=True)
class Traffic:
    """
    The requests to an endpoint by one token.

    :param busiest: As many as came within 60 seconds, whenever those began.
    :param limit: As many as the service takes.
    :param refused: Those that were too many.
    """

    endpoint: str
    requests: int
    busiest: int
    limit: int
    refused: int


class Account:
    """
    The sandbox's own books.

    :param url: Where it serves.
    :param state: Its folder.
    """

    def __init__(self, url: str, state: Path) -> None:
        self._url = url
        self._state = state
        self._session = requests.Session()
        self._session.trust_env = False

    def started(self, kind: str) -> list[str]:
        """Return the ids of all runs or syncs that were ever started, by the ledger."""
        return [str(one["id"]) for one in self._told("ledger") if one["kind"] == kind]

    def ends(self) -> dict[str, float]:
        """Return when each run and each sync ended, in seconds since the epoch."""
        ends = {}
        for path in self._state.glob("runs/*/run.json"):
            run = json.loads(path.read_text())
            if run["finished_at"]:
                ends[str(run["id"])] = _epoch(run["finished_at"])
        for path in self._state.glob("segment/syncs/*.json"):
            sync = json.loads(path.read_text())
            if sync["finished_at"]:
                ends[str(sync["id"])] = float(sync["finished_at"])
        return ends

    def delivered(self) -> int:
        """Return how many records all destinations have taken."""
        files = (self._state / f"{side}.jsonl" for side in SIDES)
        return sum(path.read_bytes().count(b"\n") for path in files if path.exists())

    def traffic(self) -> list[Traffic]:
        """
        Return what came to each endpoint.

        :raises RuntimeError: When the sandbox does not know all of it any more.
        """
        seen = self._told("requests")
        if seen and seen[0]["ordinal"] != 1:
            raise RuntimeError(f"The sandbox has kept the last {len(seen):,} requests only.")
        return traffic(seen)

    def _told(self, what: str) -> list[dict[str, Any]]:
        answer = self._session.get(f"{self._url}/sandbox/{what}", timeout=60)
        answer.raise_for_status()
        told: list[dict[str, Any]] = answer.json()
        return told

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def traffic(seen: Iterable[Mapping[str, Any]]) -> list[Traffic]:
    """Count requests by endpoint, as the services count them."""
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    refused: dict[tuple[str, int], int] = defaultdict(int)
    for one in seen:
        key = _endpoint(one["method"], one["path"].partition("?")[0])
        times[key].append(one["at"])
        refused[key] += one["status"] == TOO_MANY
    return [
        Traffic(name, len(at), busiest(at), limit, refused[name, limit])
        for (name, limit), at in sorted(times.items())
    ]


def busiest(times: Iterable[float]) -> int:
    """Return the most of these times that lie within one window."""
    ordered = sorted(times)
    return max((bisect_right(ordered, at + WINDOW) - n for n, at in enumerate(ordered)), default=0)


def _endpoint(method: str, path: str) -> tuple[str, int]:
    """Return what is asked for, and how often a minute the service lets one token do so."""
    if path.startswith("/api/"):
        return "dbt Cloud", DBT_LIMIT
    for asked, pattern, name, limit in ENDPOINTS:
        if method == asked and re.fullmatch(pattern, path):
            return f"Segment: {name}", LIMITS[limit]
    return f"Segment: {method} {path}", LIMITS["default"]


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
