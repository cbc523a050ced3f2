"""Many made-up runs on a made-up clock, and a service that tells of them in all its ways."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dbtsegment.exceptions import (
    DbtSegmentError,
    InvalidRequestError,
    RateLimitedError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.source import Source
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching.meter import Meter
from tests.histories.loop import Loop
from tests.histories.tape import Tape
from tests.histories.world import World
from tests.watched_source import REFUSED, UNAUTHORIZED, of_service

WHERE: dict[str, Any] = {"method": "GET", "url": "https://service.example"}
LATENCY = 0.08
PAGE = 100


@dataclass(frozen=True)
class Seen:
    """A state of a run: whether it has ended, and when by the service's clock."""

    ended_at: float | None


@dataclass
class Fleet(Source[int, Seen]):
    """
    A service with many runs.

    :param ends: When each run ends.
    :param shown_after: Seconds after which the feed shows an end.
    :param claims: What it says of the end of some instead.
    :param ahead: By how much the service's clock is ahead.
    :param refuses: Names of ways to ask that are refused.
    :param broken: Returns whether a request fails now.
    """

    world: World
    ends: dict[int, float] = field(default_factory=dict)
    shown_after: dict[int, float] = field(default_factory=dict)
    claims: dict[int, float] = field(default_factory=dict)
    ahead: float = 0.0
    refuses: set[str] = field(default_factory=set)
    broken: Callable[[float], RequestError | None] = lambda now: None
    requests: list[tuple[float, str]] = field(default_factory=list)
    looks: dict[int, list[float]] = field(default_factory=dict)
    #: From when on the token is refused, and when the connection holds the new one.
    refused_from: float = math.inf
    renewable_from: float = math.inf
    renewals: list[float] = field(default_factory=list)
    #: What goes wrong with reading the connection again.
    unreadable: Callable[[float], Exception | None] = lambda now: None
    #: Keys for which a request is refused.
    odd: set[int] = field(default_factory=set)
    _renewed_at: float = -math.inf

    batch_size = PAGE
    tells_ends = True

    @property
    def renewed_at(self) -> float:
        return self._renewed_at

    async def renew_token(self) -> bool:
        """Read the connection again, which takes a moment."""
        self.renewals.append(self.world.now)
        await asyncio.sleep(LATENCY)
        problem = self.unreadable(self.world.now)
        if problem is not None:
            raise problem
        if not max(self.refused_from, self.renewable_from) <= self.world.now:
            return False
        self.refused_from, self._renewed_at = math.inf, self.world.now
        return True

    def ask_one(self, key: int) -> Seen:
        return self._look("one", [key])[key]

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, Seen]:
        return self._look("many", keys)

    def ask_ended(self, keys: Sequence[int]) -> Mapping[int, Seen]:
        return {key: seen for key, seen in self._look("ended", keys).items() if seen.ended_at}

    def ask_feed(
        self, since: float, until: float | None, page: int
    ) -> tuple[Mapping[int, Seen], bool]:
        now = self._request("feed")
        shown = [
            (self.claims.get(key, end), key)
            for key, end in self.ends.items()
            if end + self.shown_after.get(key, 0.0) <= now
            and since <= self.claims.get(key, end) + self.ahead <= (until or 1e12)
        ]
        rows = sorted(shown, reverse=True)[page * PAGE : (page + 1) * PAGE]
        return {key: Seen(end + self.ahead) for end, key in rows}, len(rows) == PAGE

    def server_time(self) -> float | None:
        # As a header tells it: in whole seconds.
        return float(int(self.world.now + self.ahead)) if self.requests else None

    def ended(self, state: Seen) -> bool:
        return state.ended_at is not None

    def ended_at(self, state: Seen) -> float | None:
        return state.ended_at

    def label(self, state: Seen) -> str:
        return "ended" if state.ended_at else "running"

    def close(self) -> None: ...

    def count(self, way: str, begin: float = 0.0, end: float = float("inf")) -> int:
        """Return how many requests of a kind were sent in a time."""
        return sum(begin <= at < end and kind == way for at, kind in self.requests)

    def _request(self, way: str) -> float:
        self.requests.append((self.world.now, way))
        self.world.advance(self.world.now + LATENCY / 2)
        seen_at = self.world.now
        self.world.advance(self.world.now + LATENCY / 2)
        if way in self.refuses:
            raise of_service(InvalidRequestError("no such filter", **WHERE, status=400))
        problem = self.broken(seen_at)
        if problem is not None:
            raise problem
        if seen_at >= self.refused_from:
            raise UNAUTHORIZED
        return seen_at

    def _look(self, way: str, keys: Sequence[int]) -> dict[int, Seen]:
        for key in keys:
            self.looks.setdefault(key, []).append(self.world.now)
        now = self._request(way)
        if self.odd & {*keys}:
            raise REFUSED
        return {
            key: Seen(self.ends[key] + self.ahead if self.ends[key] <= now else None)
            for key in keys
        }


class Counting(Meter):
    """Counts what is measured."""

    def __init__(self) -> None:
        self.requests = self.throttles = self.lates = 0
        self.seconds: list[float] = []
        self.most = 0

    def waits(self, count: int) -> None:
        self.most = max(self.most, count)

    def requested(self) -> None:
        self.requests += 1

    def throttled(self) -> None:
        self.throttles += 1

    def late(self) -> None:
        self.lates += 1

    def told(self, seconds: float) -> None:
        self.seconds.append(seconds)


def new_world() -> World:
    """Return a world in which nothing happens by itself."""
    return World(Tape(b""))


def wait_for_all(
    source: Any,
    world: World,
    keys: Sequence[Any],
    *,
    interval: float = 10.0,
    meter: Meter | None = None,
    joins: Callable[[Any], float] = lambda key: 0.0,
    patience: Callable[[float], Patience] = lambda now: Patience(None, now),
    failures: dict[Any, tuple[float, Exception]] | None = None,
    meanwhile: Callable[[Watcher[Any, Any]], None] = lambda watcher: None,
) -> dict[Any, float]:
    """
    Let everybody wait, and return when each has heard of the end.

    :param joins: Seconds after which one begins to wait.
    :param failures: Takes what ends waits otherwise, and when; by default it is raised.
    :param meanwhile: Called when all have begun.
    """
    heard: dict[Any, float] = {}

    async def wait_for(watcher: Watcher[Any, Any], key: Any) -> None:
        await asyncio.sleep(joins(key))
        try:
            await watcher.wait(
                key,
                interval=interval,
                patience=patience(world.clock()),
                on_change=lambda label, _: None,
            )
        except DbtSegmentError as error:
            if failures is None:
                raise
            failures[key] = world.now, error
        else:
            heard[key] = world.now

    async def all_of_them() -> None:
        renew = getattr(source, "renew_token", None)
        watcher = Watcher(source, clock=world.clock, meter=meter, renew=renew)
        with watcher:
            meanwhile(watcher)
            await asyncio.gather(*(wait_for(watcher, key) for key in keys))

    Loop(world).run(all_of_them())
    return heard


def down(begin: float, end: float) -> Callable[[float], RequestError | None]:
    """Return a service that is down for a while."""
    problem = ServerError("down", **WHERE, status=503)
    return lambda now: problem if begin <= now < end else None


def busy(begin: float, end: float) -> Callable[[float], RequestError | None]:
    """Return a service that takes no more requests for a while."""
    problem = RateLimitedError("slowly", **WHERE, status=429, retry_after=1.0)
    return lambda now: problem if begin <= now < end else None
