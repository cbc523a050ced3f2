"""The DuckDB file that dbt writes and Segment reads."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

FOREIGN_LOCK = "Could not set lock"
POLL_SECONDS = 0.05

_locks: dict[Path, threading.Lock] = {}
_locks_guard = threading.Lock()


class WarehouseBusyError(TimeoutError):
    """Somebody else kept the warehouse for longer than the caller would wait."""


class WarehouseMissingError(FileNotFoundError):
    """There is no warehouse yet: no dbt run has written it."""


@dataclass(frozen=True)
class Warehouse:
    """One DuckDB file, used by one at a time.

    DuckDB lets a file be open in one writing process or in several reading ones. Everybody in this
    server therefore takes turns, whichever ``Warehouse`` object they hold: turns go by path.
    """

    path: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def exclusive(self, timeout: float | None = None) -> Iterator[None]:
        """Keep the file for the length of the block.

        :param timeout: seconds to wait for the turn; without one, for ever.
        :raises WarehouseBusyError: when the turn does not come in time.
        """
        lock = _lock_of(self.path)
        if not lock.acquire(timeout=-1 if timeout is None else timeout):
            raise WarehouseBusyError(
                f"{self.path} was in use by another step for {timeout:g} seconds."
            )
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def read(self, timeout: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """Keep the file and open it read-only; close it after the block.

        :param timeout: seconds to wait, for the turn and for processes outside of this server.
        :raises WarehouseBusyError: when the file does not become free in time.
        :raises WarehouseMissingError: when the file does not exist.
        """
        deadline = time.monotonic() + timeout
        with self.exclusive(timeout):
            connection = self._open(deadline)
            try:
                for name, value in self.settings.items():
                    connection.execute(f"SET {name} = '{str(value).replace(chr(39), chr(39) * 2)}'")
                yield connection
            finally:
                connection.close()

    def _open(self, deadline: float) -> duckdb.DuckDBPyConnection:
        while True:
            if not self.path.exists():
                raise WarehouseMissingError(f"{self.path} does not exist yet: run a dbt job first.")
            try:
                return duckdb.connect(str(self.path), read_only=True)
            except duckdb.IOException as error:
                if FOREIGN_LOCK not in str(error):
                    raise
                if time.monotonic() >= deadline:
                    raise WarehouseBusyError(
                        f"{self.path} is open in another process: {error}"
                    ) from error
            time.sleep(POLL_SECONDS)


def _lock_of(path: Path) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(path.resolve(), threading.Lock())
