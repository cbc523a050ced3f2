"""What is handed to a destination, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Record:
    """One changed row on its way; ``operation`` is added, updated or deleted."""

    operation: str
    id: str
    row: Mapping[str, Any]
    sync_id: str
    model_id: str
    subscription_id: str
    delivered_at: str

    def to_json(self) -> dict[str, Any]:
        """Spell the record as every destination receives it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Refusal:
    """A record that was not accepted: its position in the batch, and why."""

    position: int
    reasons: tuple[str, ...]


class Destination(Protocol):
    """Accepts or refuses records; used by several syncs at once."""

    @property
    def batch_size(self) -> int:
        """The most records that ``deliver`` is given at a time; a sync can stop in between."""

    def deliver(self, records: Sequence[Record]) -> list[Refusal]:
        """Hand over a batch and return the refused ones; all others were accepted."""

    def close(self) -> None:
        """Let go of threads and connections."""
