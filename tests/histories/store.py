"""A simulated task state store, which can be out of reach, and which can forget."""

from __future__ import annotations

import copy
from typing import Any

from tests.histories.world import World


class Store:
    """
    What Airflow's task state store does, and how it fails.

    It knows which attempt is the current one: any other reads nothing and writes nothing.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._values: dict[str, Any] = {}
        self.current = 0
        self.trouble = world.tape.pick((0, 0, 8))
        #: Whether records were deleted that an attempt had written.
        self.has_forgotten = False

    def of(self, attempt: int) -> StoreOfAttempt:
        """Return the store as one attempt sees it."""
        return StoreOfAttempt(self, attempt)

    def get(self, attempt: int, key: str) -> Any:
        """Return a value, or `None`."""
        self._world.point("before reading the store")
        if self._world.tape.chance(self.trouble):
            raise OSError("Airflow cannot be reached")
        return copy.deepcopy(self._values.get(key)) if attempt == self.current else None

    def set(self, attempt: int, key: str, value: Any) -> None:
        """Store a value; the answer may be lost."""
        self._world.point("before writing the store")
        lost = self._world.tape.chance(self.trouble)
        if attempt != self.current:
            raise RuntimeError("no such task instance")
        if not (lost and self._world.tape.pick((True, False))):
            self._values[key] = copy.deepcopy(value)
        self._world.point("after writing the store")
        if lost:
            raise OSError("Airflow cannot be reached")

    def clear(self) -> None:
        """Delete everything."""
        self.has_forgotten = self.has_forgotten or bool(self._values)
        self._values.clear()


class StoreOfAttempt:
    """The store, for one attempt."""

    def __init__(self, store: Store, attempt: int) -> None:
        self._store = store
        self._attempt = attempt

    def get(self, key: str) -> Any:
        """Return a value, or `None`."""
        return self._store.get(self._attempt, key)

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        self._store.set(self._attempt, key, value)
