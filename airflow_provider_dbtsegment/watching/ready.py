"""Whom to ask for next, among those who are due."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from airflow_provider_dbtsegment.source import K, S, Source
from airflow_provider_dbtsegment.watching.waits import GATHER, Waits

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Hashable)

#: Where the source knows who gains most, one request of so many goes to who has waited longest.
FAIR_TURN = 6
#: A look is late when it comes so many seconds, or two tenths of its interval, after it was due.
LATE = 1.0


class Ready(Generic[K, S]):
    """
    Those who are due, in the order in which they fell due.

    :param source: Says who gains most from a look, and who can be asked for at once.
    :param waits: All who wait.
    """

    def __init__(self, source: Source[K, S], waits: Waits[K, S]) -> None:
        self._source = source
        self._waits = waits
        self._due: dict[K, float] = {}
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self._due)

    def add(self, key: K, due: float) -> None:
        """Take one up that is due."""
        self._due.setdefault(key, due)

    def choose(self, now: float, most: int, kind: Callable[[K], T]) -> tuple[list[K], T, int]:
        """
        Take off those who are asked for in the next request.

        :param kind: Tells those apart who, beside their group, cannot be asked for at once.
        :return: They, their kind, and how many of them are late.
        :raises LookupError: When nobody is left who waits.
        """
        first = self._first(now)
        if first is None:
            raise LookupError("nobody is due")
        group, its_kind = self._group(first), kind(first)
        keys, gone = [first], []
        for key in self._due:
            if len(keys) >= most:
                break
            if not self._waits.of(key):
                gone.append(key)
            elif key != first and self._group(key) == group and kind(key) == its_kind:
                keys.append(key)
        for key in gone:
            del self._due[key]
        late = sum(self._is_late(key, self._due.pop(key), now) for key in keys)
        return keys, its_kind, late

    def _first(self, now: float) -> K | None:
        while self._due and not self._waits.of(next(iter(self._due))):
            del self._due[next(iter(self._due))]
        longest = next(iter(self._due), None)
        self._turn += 1
        if longest is None or len(self._due) == 1 or self._turn % FAIR_TURN == 0:
            return longest
        if self._urgency(longest, now) is None:
            return longest
        gains: dict[Hashable, float] = {}
        greatest: dict[Hashable, tuple[float, K]] = {}
        for key in filter(self._waits.of, self._due):
            group, gain = self._group(key), self._urgency(key, now) or 0.0
            gains[group] = gains.get(group, 0.0) + gain
            if group not in greatest or gain > greatest[group][0]:
                greatest[group] = gain, key
        # One answer tells of all of a group.
        return greatest[max(gains, key=gains.__getitem__)][1]

    def _group(self, key: K) -> Hashable:
        try:
            return self._source.group(key)
        except Exception:  # a bug with one key must not stop the others
            log.exception("What %r can be asked for together with cannot be told.", key)
            return key

    def _urgency(self, key: K, now: float) -> float | None:
        # Who waits for the same is told the same.
        wait = self._waits.of(key)[0]
        try:
            return self._source.urgency(key, wait.began, wait.looked_at, now)
        except Exception:
            log.exception("What is gained by polling %r cannot be told.", key)
            return None

    def _is_late(self, key: K, due: float, now: float) -> bool:
        interval = min((wait.interval for wait in self._waits.of(key)), default=math.inf)
        return now - due > max(LATE, interval * GATHER * 2)
