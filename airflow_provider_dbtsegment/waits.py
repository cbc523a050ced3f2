"""One that waits for something, together with others."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from airflow_provider_dbtsegment.patience import Patience

S = TypeVar("S")

#: Waits that fall due within this share of their interval are asked for together.
GATHER = 0.1
#: Seconds that a look which is under way at a deadline still has.
LAST_LOOK = 5.0


class Wait(Generic[S]):
    """One that waits: what was heard last, and when to ask again."""

    def __init__(self, interval: float, patience: Patience, due: float) -> None:
        self.interval = interval
        self.patience = patience
        self.due = due
        #: When the look began that is under way, if one is.
        self.asked_at: float | None = None
        self.news = asyncio.Event()
        self.state: S | None = None
        self.error: Exception | None = None

    def overdue_in(self, now: float) -> float | None:
        """Return in how many seconds a look that is under way comes too late for the deadline."""
        deadline = self.patience.deadline
        if self.asked_at is None or self.error is not None or deadline is None:
            return None
        late = max(deadline, self.asked_at) + LAST_LOOK
        return min(late, deadline + self.interval + LAST_LOOK) - now

    @property
    def latest(self) -> float:
        """Until when to wait for others to fall due, so that all are asked for together."""
        at_deadline = self.due == self.patience.deadline
        return self.due if at_deadline else self.due + self.interval * GATHER

    def tell(self, state: S) -> None:
        """Tell a state."""
        self.state = state
        self.news.set()

    def end(self, error: Exception) -> None:
        """End the waiting with an error."""
        self.error = error
        self.news.set()
