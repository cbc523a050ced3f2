"""A PostgreSQL database of our own, on the server of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

HOST = os.environ.get("PGHOST", "127.0.0.1")
PORT = os.environ.get("PGPORT", "5432")
USER = os.environ.get("PGUSER", "postgres")


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
