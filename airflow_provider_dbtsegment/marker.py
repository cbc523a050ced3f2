"""The name of a try of a task run, by which what it has started is known again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

_MARKER = re.compile(r"\[af:([0-9a-f]{12})/(\d+)\]")


@dataclass(frozen=True)
class Marker:
    """
    The name of one try of one task run, short enough to travel with a request.

    :param first_try: The number of the first try since the task was last cleared.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    first_try: int = 1

    @property
    def key(self) -> str:
        """What all tries of the task run have in common."""
        name = json.dumps([self.dag_id, self.run_id, self.task_id, self.map_index])
        return hashlib.sha256(name.encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return f"[af:{self.key}/{self.try_number}]"

    def appended_to(self, text: str, max_length: int) -> str:
        """Return a text, cut where needed, that ends with the marker."""
        room = max_length - len(str(self)) - 1
        kept = text if len(text) <= room else text[: room - 1] + "…"
        return f"{kept} {self}"

    def try_in(self, text: str | None) -> int | None:
        """Return the number of the try of this task run that a text is marked with."""
        found = [number for key, number in _MARKER.findall(text or "") if key == self.key]
        return int(found[-1]) if found else None
