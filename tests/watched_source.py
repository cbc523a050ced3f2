"""A made-up source of states, for those who watch."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from airflow_provider_dbtsegment import source
from airflow_provider_dbtsegment.exceptions import (
    InvalidRequestError,
    NotFoundError,
    ServerError,
)

WHERE = {"method": "GET", "url": "https://dbt.example/run"}
SERVER_ERROR = ServerError("down", **WHERE, status=500)
NOT_FOUND = NotFoundError("no such run", **WHERE, status=404)


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

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.many.append(list(keys))
        if self.refuses_many:
            raise InvalidRequestError("no", **WHERE, status=400)
        return {key: self._state(key) for key in keys if key not in self.leaves_out}

    def ask_one(self, key: int) -> str:
        self.one.append(key)
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
