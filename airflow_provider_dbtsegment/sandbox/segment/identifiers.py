"""Refuse rows that cannot be told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from .errors import SyncFailed
from .sql import literal


def check_identifiers(connection: duckdb.DuckDBPyConnection, column: str, rows: Path) -> None:
    """Check that each extracted row has an identifier and that no two share one.

    :raises SyncFailed: with the column, how often, and an example.
    """
    _check_nulls(connection, column, literal(str(rows)))
    _check_duplicates(connection, column, literal(str(rows)))


def _check_nulls(connection: duckdb.DuckDBPyConnection, column: str, rows: str) -> None:
    statement = f'SELECT count(*), any_value("row") FROM read_parquet({rows}) WHERE id IS NULL'  # noqa: S608
    count, example = _one(connection, statement)
    if count:
        raise SyncFailed(
            "IdentifierNull",
            f"The column {column!r} must identify each row, but {count} row(s) have a null there, "
            f"for example {example}.",
        )


def _check_duplicates(connection: duckdb.DuckDBPyConnection, column: str, rows: str) -> None:
    statement = f"""
        SELECT count(*), arg_min(id, first), arg_min(times, first)
        FROM (
            SELECT id, count(*) AS times, min(file_row_number) AS first
            FROM read_parquet({rows}, file_row_number = true)
            GROUP BY id HAVING count(*) > 1
        )
    """  # noqa: S608
    count, example, times = _one(connection, statement)
    if count:
        raise SyncFailed(
            "IdentifierNotUnique",
            f"The column {column!r} must be unique, but {count} value(s) occur more than once, "
            f"for example {example!r} ({times} times).",
        )


def _one(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    return connection.execute(statement).fetchone() or ()
