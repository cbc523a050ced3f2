"""A made-up store that outlives tries, and can be out of reach."""

from __future__ import annotations

import copy
from typing import Any

from tests.histories.world import World


class Ledger:
    """What Airflow's task state store does, and how it fails."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._values: dict[str, Any] = {}
        self.trouble = world.tape.pick((0, 0, 8))

    def get(self, key: str) -> Any:
        """Return a value, or `None`."""
        self._world.point("before reading the ledger")
        if self._world.tape.chance(self.trouble):
            raise OSError("Airflow cannot be reached")
        return copy.deepcopy(self._values.get(key))

    def set(self, key: str, value: Any) -> None:
        """Store a value; the answer may be lost."""
        self._world.point("before writing the ledger")
        lost = self._world.tape.chance(self.trouble)
        if not (lost and self._world.tape.pick((True, False))):
            self._values[key] = copy.deepcopy(value)
        self._world.point("after writing the ledger")
        if lost:
            raise OSError("Airflow cannot be reached")

    def clear(self) -> None:
        """Forget everything, as Airflow does when a task has succeeded."""
        self._values.clear()
