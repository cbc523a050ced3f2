"""What time the services say it is."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class Clock:
    """This machine's time, moved by some seconds. Call it for the seconds since 1970."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self.offset_seconds

    def now(self) -> datetime:
        """Return this moment, with its time zone."""
        return datetime.fromtimestamp(self(), timezone.utc)
