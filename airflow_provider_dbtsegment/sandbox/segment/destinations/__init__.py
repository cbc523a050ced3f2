"""Where records go."""

from __future__ import annotations

from pathlib import Path

from ..config import DestinationSettings, JsonlDestination
from .jsonl import JsonlFile
from .record import Destination, Record, Refusal
from .webhook import Webhook

__all__ = ["Destination", "Record", "Refusal", "open_destination"]


def open_destination(settings: DestinationSettings, state_dir: Path) -> Destination:
    """Return the destination that the settings describe."""
    if isinstance(settings, JsonlDestination):
        return JsonlFile(state_dir / settings.path, settings.rules)
    return Webhook(settings.url, settings.timeout_seconds, settings.concurrency)
