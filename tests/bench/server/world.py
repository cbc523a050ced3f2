"""What one client is shown, by its token, and what is counted of it."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_dbtsegment.sandbox.segment.rate_limit import WINDOW_SECONDS
from tests.bench.server.wire import Reply, Request


@dataclass
class Count:
    """
    What has come from a client.

    :param requests: By what was asked for.
    :param seconds: Requests in each second of the clock.
    :param refusals: Requests that were too many, in each second of the clock.
    """

    connections: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    refusals: Counter[int] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(vars(self))


class World(ABC):
    """
    A service with one client.

    :param limit: Requests a minute, in fixed windows of which the first one opens with the first
        request; `None` is without end.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.count = Count()
        self._window_ends, self._used = 0.0, 0

    def answer(self, request: Request) -> Reply:
        """Count a request and answer it."""
        kind = self.kind(request)
        self.count.connections += request.first
        self.count.requests[kind] += 1
        self.count.seconds[int(request.at)] += 1
        if self.limit is None:
            return self.reply(request)
        if request.at >= self._window_ends:
            self._window_ends, self._used = request.at + WINDOW_SECONDS, 0
        self._used += 1
        if self._used <= self.limit:
            return self.reply(request)
        self.count.throttled[kind] += 1
        self.count.refusals[int(request.at)] += 1
        return self.too_many(self._window_ends - request.at)

    @property
    def used(self) -> int:
        """Requests of this window."""
        return self._used

    @property
    def window_ends(self) -> float:
        """When the next window opens."""
        return self._window_ends

    @abstractmethod
    def kind(self, request: Request) -> str:
        """Return a word for what is asked."""

    @abstractmethod
    def reply(self, request: Request) -> Reply:
        """Answer a request."""

    @abstractmethod
    def too_many(self, seconds: float) -> Reply:
        """Refuse a request until the next window."""


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(value).encode(), status, headers or {})


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to come again."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
