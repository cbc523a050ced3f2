"""A PostgreSQL database of our own, on the server of this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

HOST = os.environ.get("PGHOST", "127.0.0.1")
PORT = os.environ.get("PGPORT", "5432")
USER = os.environ.get("PGUSER", "postgres")
#: Seconds for which states that were read are good enough.
FRESH = 0.5


class TaskState(NamedTuple):
    """A task instance, as far as rows want to know it."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int


def why_not() -> str | None:
    """Return why there can be no database here, or nothing."""
    try:
        _connect("postgres").close()
    except psycopg2.OperationalError as error:
        return f"There is no PostgreSQL at {HOST}:{PORT}: {str(error).strip().splitlines()[0]}"
    return None


@contextmanager
def own_database(prefix: str) -> Iterator[str]:
    """Make an empty database, give its SQLAlchemy URL, and drop it."""
    name = f"{prefix}_{os.getpid()}"
    _drop_those_of_the_dead(prefix)
    _run("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _run("postgres", f'CREATE DATABASE "{name}"')
    try:
        yield f"postgresql+psycopg2://{USER}@{HOST}:{PORT}/{name}"
    finally:
        _run("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


def every_text(url: str) -> Iterator[tuple[str, str]]:
    """Yield each row of each table as its table's name and one text."""
    with _connect(url.rpartition("/")[2]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - the server's own name
            for (text,) in cursor.fetchall():
                yield table, text


class States:
    """
    The states of all DAG runs and their tasks, read at most twice a second for all who ask.

    Many rows ask all the time, which one API server beside its workers could not answer.

    :param url: Of Airflow's database.
    """

    def __init__(self, url: str) -> None:
        self._name = url.rpartition("/")[2]
        self._lock = threading.Lock()
        self._connection: Any = None
        self._read_at = 0.0
        self._runs: dict[tuple[str, str], str] = {}
        self._tasks: dict[tuple[str, str], list[TaskState]] = {}

    def run(self, dag_id: str, run_id: str, since: float = 0.0) -> str | None:
        """
        Return the state of a DAG run, or nothing if there is none.

        :param since: The monotonic time before which it must not have been read.
        """
        with self._lock:
            self._read(since)
            return self._runs.get((dag_id, run_id))

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the task instances of a DAG run."""
        with self._lock:
            self._read()
            return list(self._tasks.get((dag_id, run_id), ()))

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, since: float = 0.0) -> None:
        now = time.monotonic()
        if now - self._read_at < FRESH and self._read_at >= since:
            return
        if self._connection is None:
            self._connection = _connect(self._name)
            self._connection.autocommit = True
        tasks: dict[tuple[str, str], list[TaskState]] = {}
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT dag_id, run_id, state FROM dag_run")
            self._runs = {(dag_id, run_id): state for dag_id, run_id, state in cursor}
            cursor.execute(
                "SELECT dag_id, run_id, task_id, map_index, state, try_number FROM task_instance"
            )
            for dag_id, run_id, *values in cursor:
                tasks.setdefault((dag_id, run_id), []).append(TaskState(*values))
        self._tasks, self._read_at = tasks, now


def _drop_those_of_the_dead(prefix: str) -> None:
    """Drop what processes of this machine have left that were killed."""
    if HOST not in ("127.0.0.1", "localhost", "::1") and not HOST.startswith("/"):
        return
    with _connect("postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        owner = name.removeprefix(f"{prefix}_")
        if owner.isdigit() and owner != name and not Path(f"/proc/{owner}").exists():
            _run("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _connect(name: str) -> Any:
    return psycopg2.connect(host=HOST, port=PORT, user=USER, dbname=name, connect_timeout=5)


def _run(name: str, statement: str) -> None:
    connection = _connect(name)
    connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
