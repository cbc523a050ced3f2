"""Who may ask, and how often."""

import threading
import time
from collections import deque
from collections.abc import Callable

from fastapi import Request

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError

WINDOW_SECONDS = 60.0


class Guard:
    """Lets requests pass that bear a token, so many a minute."""

    def __init__(self, owner_of: Callable[[str], Actor | None], requests_per_minute: int) -> None:
        self._owner_of = owner_of
        self._limit = requests_per_minute
        self._passed: deque[float] = deque()
        self._lock = threading.Lock()

    async def __call__(self, request: Request) -> None:
        """Refuse a request with 401 or 429."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        actor = self._owner_of(token.strip()) if scheme.lower() in ("token", "bearer") else None
        if actor is None:
            raise ApiError(401, "Invalid token")
        request.state.actor = actor
        if not self._admit():
            raise ApiError(
                429, f"Rate limit exceeded: {self._limit} requests a minute and account."
            )

    def _admit(self) -> bool:
        at = time.monotonic()
        with self._lock:
            while self._passed and self._passed[0] <= at - WINDOW_SECONDS:
                self._passed.popleft()
            if len(self._passed) >= self._limit:
                return False
            self._passed.append(at)
            return True
