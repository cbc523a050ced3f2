"""A destination that appends JSON lines to a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..config import Rules
from .record import Record, Refusal
from .rules import violations

_encode = json.JSONEncoder(ensure_ascii=False).encode


class JsonlFile:
    """Writes accepted records to ``path`` and refused ones to ``<path>.refused.jsonl``.

    The file is opened for each batch, so it can be moved away or deleted between syncs.
    """

    batch_size = 1000

    def __init__(self, path: Path, rules: Rules) -> None:
        self._path = path
        self._refused_path = path.with_name(path.name + ".refused.jsonl")
        self._rules = rules
        self._lock = threading.Lock()

    def deliver(self, records: Sequence[Record]) -> list[Refusal]:
        """Append the batch; deletions are accepted whatever the row looks like."""
        refusals = []
        for position, record in enumerate(records):
            reasons = [] if record.operation == "deleted" else violations(record.row, self._rules)
            if reasons:
                refusals.append(Refusal(position, tuple(reasons)))
        refused = {refusal.position: refusal.reasons for refusal in refusals}
        accepted = [
            record.to_json() for position, record in enumerate(records) if position not in refused
        ]
        with self._lock:
            self._append(self._path, accepted)
            self._append(
                self._refused_path,
                [
                    records[position].to_json() | {"reasons": list(reasons)}
                    for position, reasons in refused.items()
                ],
            )
        return refusals

    def close(self) -> None:
        """Do nothing: no file is open between batches."""

    def _append(self, path: Path, lines: Iterable[dict[str, Any]]) -> None:
        text = "".join(_encode(line) + "\n" for line in lines)
        if not text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
