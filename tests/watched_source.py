"""A made-up source of states, for those who watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from airflow_provider_dbtsegment import source
from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
    StatusError,
)

E = TypeVar("E", bound=StatusError)


def of_service(error: E) -> E:
    """Return an error whose body was the service's own envelope."""
    error.from_service = True
    return error


WHERE = {"method": "GET", "url": "https://dbt.example/run"}
SERVER_ERROR = ServerError("down", **WHERE, status=500)
NOT_FOUND = of_service(NotFoundError("no such run", **WHERE, status=404))
REFUSED = of_service(InvalidRequestError("no", **WHERE, status=400))
UNAUTHORIZED = of_service(AuthError("no such token", **WHERE, status=401))
#: What a gateway before the service answers.
BY_GATEWAY = [
    AuthError("<html>attention required</html>", **WHERE, status=403, from_service=False),
    NotFoundError("<html>page not found</html>", **WHERE, status=404, from_service=False),
    InvalidRequestError("<html>bad request</html>", **WHERE, status=400, from_service=False),
]


class Source(source.Source[int, str]):
    """States by key, which tests set; counts how it is asked."""

    def __init__(self, batch_size: int = 100) -> None:
        self.batch_size = batch_size
        self.states: dict[int, str | Exception] = {}
        self.many: list[list[int]] = []
        self.one: list[int] = []
        self.refuses_many = False
        self.leaves_out: set[int] = set()
        self.closed = threading.Event()
        self.seen_context: list[str] = []
        self.clock: Callable[[], float] = time.monotonic
        #: When single ones were asked for.
        self.asked_at: list[float] = []

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.many.append(list(keys))
        if self.refuses_many:
            raise REFUSED
        return {key: self._state(key) for key in keys if key not in self.leaves_out}

    def ask_one(self, key: int) -> str:
        self.one.append(key)
        self.asked_at.append(self.clock())
        return self._state(key)

    def _state(self, key: int) -> str:
        state = self.states.get(key, "running")
        if isinstance(state, Exception):
            raise state
        return state

    def ended(self, state: str) -> bool:
        return state == "done"

    def label(self, state: str) -> str:
        return state

    def close(self) -> None:
        self.closed.set()
