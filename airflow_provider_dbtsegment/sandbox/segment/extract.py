"""Run a model's query and write its rows down, ready to be compared."""

from __future__ import annotations

from pathlib import Path

import duckdb

from .errors import SyncFailed
from .model import Model
from .sql import literal, quote
from .stop import StopSignal

_TABLE = '"__model"'


def extract(
    connection: duckdb.DuckDBPyConnection, model: Model, target: Path, stop: StopSignal
) -> list[str]:
    """Write one Parquet row per row of the query and return the query's columns.

    The rows are (``id``, ``hash``, ``row``): the identifier as text, a hash of the row, and the
    row as a JSON object. Their order is the query's.

    :raises SyncFailed: the query is broken, or has no such identifier column.
    """
    try:
        with stop.interrupting(connection.interrupt):
            columns = _describe(connection, model)
            identifier = _find_identifier(model, list(columns))
            connection.execute(_copy_statement(model, columns, identifier, target))
    except duckdb.Error as error:
        raise SyncFailed("QueryFailed", f"The model's query failed: {error}") from error
    return list(columns)


def _describe(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    """Return the columns of the query with their types."""
    statements = connection.extract_statements(model.query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SyncFailed("QueryFailed", "The model's query must be exactly one SELECT.")
    described = connection.execute(f"DESCRIBE FROM ({_query(model)})")
    return {name: type_ for name, type_, *_ in described.fetchall()}


def _find_identifier(model: Model, columns: list[str]) -> str:
    wanted = model.query_identifier_column
    for column in columns:
        if column.lower() == wanted.lower():  # SQL names do not heed case
            return column
    raise SyncFailed(
        "IdentifierColumnMissing",
        f"The query has no column {wanted!r}, which should identify its rows; "
        f"its columns are {', '.join(columns)}.",
    )


def _copy_statement(model: Model, columns: dict[str, str], identifier: str, target: Path) -> str:
    pairs = ", ".join(
        f"{literal(name)}: {_json_friendly(f'{_TABLE}.{quote(name)}', type_)}"
        for name, type_ in columns.items()
    )
    return f"""
        COPY (
            SELECT id, md5("row") AS hash, "row"
            FROM (
                SELECT
                    CAST({_TABLE}.{quote(identifier)} AS VARCHAR) AS id,
                    CAST(to_json({{{pairs}}}) AS VARCHAR) AS "row"
                FROM ({_query(model)}) AS {_TABLE}
            )
        ) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)
    """  # noqa: S608 - running the model's own query is the purpose


def _query(model: Model) -> str:
    # The line breaks keep a comment at the end of the query from swallowing what follows.
    return f"\n{model.query.strip().rstrip(';')}\n"


def _json_friendly(column: str, type_: str) -> str:
    if type_ == "TIMESTAMP WITH TIME ZONE":
        # Casting it directly would use the time zone of this machine.
        column = f"make_timestamp(epoch_us({column}))"
        return f"replace(CAST({column} AS VARCHAR), ' ', 'T') || 'Z'"
    if type_.startswith("TIMESTAMP"):
        return f"replace(CAST({column} AS VARCHAR), ' ', 'T')"
    return column
