"""Compare what has arrived at the destinations with what the models' queries give."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from airflow_provider_dbtsegment.sandbox.segment.destinations.held import held_rows, records

RELEASED = 30.0
POLL = 0.1
SHOWN = 3


@dataclass
class Delivery:
    """The rows of one mapping: how many there have to be, and what is wrong with them."""

    mapping_id: str
    expected: int = 0
    differences: list[str] = field(default_factory=list)


def compare(
    state: Path, segment: dict[str, Any], warehouse: Path, syncs: Mapping[str, str]
) -> list[Delivery]:
    """
    Compare, for each mapping into a file, the delivered rows with the query's rows.

    Rows that the destination refused in the last sync are left out: it may still hold what it had
    accepted before.

    :param segment: the `segment` section of the sandbox's configuration.
    :param syncs: the last sync of each mapping, by the mapping's id.
    """
    models = {model["id"]: model for model in segment["models"]}
    files = {d["id"]: state / d["path"] for d in segment["destinations"] if d["type"] == "jsonl"}
    with open_when_released(warehouse) as connection:
        return [
            compare_mapping(
                mapping,
                query_rows(connection, models[mapping["model_id"]]),
                files[mapping["destination"]],
                syncs.get(mapping["id"]),
            )
            for mapping in segment["mappings"]
            if mapping["destination"] in files
        ]


def compare_mapping(
    mapping: dict[str, Any], queried: dict[str, dict[str, Any]], file: Path, sync_id: str | None
) -> Delivery:
    """Compare one mapping's rows, by their id and then value by value."""
    refused_file = file.with_name(f"{file.name}.refused.jsonl")
    refused = {
        record["id"]
        for record in records(refused_file, mapping["id"])
        if record["sync_id"] == sync_id
    }
    fields = mapping.get("fields") or {}
    wanted = {
        key: {name: row.get(column) for name, column in fields.items()} if fields else row
        for key, row in queried.items()
        if key not in refused
    }
    held = held_rows(records(file, mapping["id"], Decimal))
    arrived = {
        key: {name: comparable(value) for name, value in row.items()}
        for key, row in held.items()
        if key not in refused
    }
    delivery = Delivery(mapping["id"], expected=len(wanted))
    told = delivery.differences
    told += some(sorted(wanted.keys() - arrived.keys()), "not delivered")
    told += some(sorted(arrived.keys() - wanted.keys()), "delivered, but not in the query")
    other = [key for key in sorted(wanted.keys() & arrived.keys()) if wanted[key] != arrived[key]]
    told += some(other, "delivered with other values")
    told += [f"row {key}: query {wanted[key]}, delivered {arrived[key]}" for key in other[:SHOWN]]
    return delivery


def some(ids: list[str], what: str) -> list[str]:
    """Describe a group of rows, if there are any, by their number and the first few."""
    if not ids:
        return []
    more = ", …" if len(ids) > SHOWN else ""
    return [f"{len(ids)} rows {what}: {', '.join(ids[:SHOWN])}{more}"]


def query_rows(
    connection: duckdb.DuckDBPyConnection, model: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Run a model's query and return its rows by their identifier."""
    result = connection.execute(model["query"])
    columns = [column[0] for column in result.description]
    rows = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    identifier = model["query_identifier_column"]
    return {str(row[identifier]): {k: comparable(v) for k, v in row.items()} for row in rows}


def comparable(value: Any) -> Any:
    """Return a value of a query or of JSON in the form that both have in common."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return Decimal(str(value)).normalize()
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return str(value)


def open_when_released(file: Path, timeout: float = RELEASED) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for reading as soon as nobody writes to it."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return duckdb.connect(str(file), read_only=True)
        except duckdb.IOException:
            if time.monotonic() > deadline or not file.exists():
                raise
        time.sleep(POLL)
