"""Every request that was seen, and how it ended."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

KEPT = 100_000


class Ending(str, Enum):
    """What the client was left with."""

    UNDER_WAY = "under way"
    ANSWERED = "answered"
    CUT = "cut"
    CLOSED = "closed"
    RESET = "reset"
    GONE = "gone"


@dataclass(frozen=True)
class Seen:
    """A request, as far as it has come.

    :param ordinal: 1 for the first request to this sandbox.
    :param path: with the decoded query.
    :param at: seconds since 1970 by the clock of this machine.
    :param processed: whether the service was given the request.
    :param status: what the client was answered with; None when it was not.
    :param ending: ``answered``; ``cut`` off amid the body; ``closed`` or ``reset`` without an
        answer; ``gone`` when the client left first.
    :param fault: the number of the fault that hit the request.
    """

    ordinal: int
    method: str
    path: str
    at: float
    processed: bool = False
    status: int | None = None
    ending: Ending = Ending.UNDER_WAY
    fault: int | None = None


class RequestLog:
    """The newest requests, :data:`KEPT` of them. Headers and bodies are not kept."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}
        self._order: deque[int] = deque()
        self._last = 0
        self._lock = threading.Lock()

    def open(self, method: str, path: str) -> int:
        """Note a request, and return its ordinal."""
        with self._lock:
            self._last += 1
            self._seen[self._last] = Seen(self._last, method, path, time.time())
            self._order.append(self._last)
            if len(self._order) > KEPT:
                del self._seen[self._order.popleft()]
            return self._last

    def note(self, ordinal: int, **changes: Any) -> None:
        """Note what has become of a request."""
        with self._lock:
            if ordinal in self._seen:
                self._seen[ordinal] = replace(self._seen[ordinal], **changes)

    def all(self) -> list[Seen]:
        """List the requests, oldest first."""
        with self._lock:
            return [self._seen[ordinal] for ordinal in self._order]
