"""Faults in force: which one hits a request, and how often each has hit."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_dbtsegment.sandbox.faults.fault import Fault


@dataclass(frozen=True)
class Rule:
    """A fault in force, as it stands now.

    :param matched: requests that matched while the rule was live, those it let pass included.
    :param hits: requests that it has hit.
    :param is_live: whether it can hit another one.
    """

    id: int
    fault: Fault
    matched: int
    hits: int
    is_live: bool


class RuleBook:
    """Rules in the order in which they were added; the first that hits a request has it alone."""

    def __init__(self) -> None:
        self._rules: list[_Counter] = []
        self._last_id = 0
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> int:
        """Put a fault behind the others, and return its number."""
        with self._lock:
            self._last_id += 1
            self._rules.append(_Counter(self._last_id, fault))
            return self._last_id

    def clear(self) -> None:
        """Forget all of them; numbers go on."""
        with self._lock:
            self._rules.clear()

    def all(self) -> list[Rule]:
        """List the rules, spent ones too."""
        with self._lock:
            return [one.shown() for one in self._rules]

    def hit(self, line: str, applies: Callable[[Fault], bool]) -> tuple[int, Fault] | None:
        """Count a request, and return the number and the fault that hits it, if one does.

        :param line: ``METHOD /path?decoded-query``.
        :param applies: whether a fault that matches would change anything.
        """
        with self._lock:
            for one in self._rules:
                if one.matches(line) and applies(one.fault) and one.count():
                    return one.id, one.fault
        return None


class _Counter:
    def __init__(self, rule_id: int, fault: Fault) -> None:
        self.id = rule_id
        self.fault = fault
        self._pattern = re.compile(fault.route)
        self._matched = 0
        self._hits = 0
        self._ends_at: float | None = None

    def matches(self, line: str) -> bool:
        return self._is_live() and self._pattern.search(line) is not None

    def count(self) -> bool:
        """Count a request that matches; return whether it is hit."""
        self._matched += 1
        if self._matched <= self.fault.skip:
            return False
        self._hits += 1
        if self.fault.lasting is not None and self._ends_at is None:
            self._ends_at = time.monotonic() + self.fault.lasting
        return True

    def shown(self) -> Rule:
        return Rule(self.id, self.fault, self._matched, self._hits, self._is_live())

    def _is_live(self) -> bool:
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            return False
        return self.fault.count is None or self._hits < self.fault.count
