"""Who may ask, and how often."""

import secrets
import threading
import time
from collections import deque

from fastapi import Request

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError

WINDOW_SECONDS = 60.0


class Guard:
    """Lets requests pass that bear the token, so many a minute."""

    def __init__(self, token: str, requests_per_minute: int) -> None:
        self._token = token.encode()
        self._limit = requests_per_minute
        self._passed: deque[float] = deque()
        self._lock = threading.Lock()

    async def __call__(self, request: Request) -> None:
        """Refuse a request with 401 or 429."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = secrets.compare_digest(token.strip().encode(), self._token)
        if scheme.lower() not in ("token", "bearer") or not known:
            raise ApiError(401, "Invalid token")
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
