"""Delivered rows are compared with the query's rows, id by id and value by value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from airflow_provider_dbtsegment.demo.deliveries import compare

SEGMENT: dict[str, Any] = {
    "models": [
        {
            "id": "people",
            "query": "select id, name, born, score from people",
            "query_identifier_column": "id",
        }
    ],
    "destinations": [{"id": "crm", "type": "jsonl", "path": "crm.jsonl"}],
    "mappings": [
        {
            "id": "people_to_crm",
            "model_id": "people",
            "destination": "crm",
            "fields": {"key": "id", "label": "name", "since": "born", "points": "score"},
        }
    ],
}
ANN = {"key": 1, "label": "Ann\u2028A.", "since": "1990-01-02", "points": 1.5}
BOB = {"key": 2, "label": None, "since": "1991-03-04", "points": 20.0}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create table people as select * from (values"
            " (1, 'Ann\u2028A.', date '1990-01-02', 1.50::decimal(8, 2)),"
            " (2, null, date '1991-03-04', 20.00::decimal(8, 2))) t(id, name, born, score)"
        )
    return file


def deliver(state: Path, *records: tuple[str, str, dict[str, Any]], file: str = "") -> None:
    with (state / f"crm.jsonl{file}").open("a", encoding="utf-8") as stream:
        for operation, key, row in records:
            record = {"operation": operation, "id": key, "row": row}
            record |= {"subscription_id": "people_to_crm", "sync_id": "sync_2"}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def differences(state: Path, warehouse: Path) -> str:
    (delivery,) = compare(state, SEGMENT, warehouse, {"people_to_crm": "sync_2"})
    return "\n".join(delivery.differences)


def test_rows_that_are_all_there_do_not_differ(tmp_path: Path, warehouse: Path) -> None:
    deliver(tmp_path, ("added", "1", {**ANN, "points": 7}), ("added", "2", BOB))
    deliver(tmp_path, ("updated", "1", ANN), ("added", "3", BOB), ("deleted", "3", BOB))
    assert differences(tmp_path, warehouse) == ""


@pytest.mark.parametrize("before", [[], [("added", "2", {**BOB, "label": "Bob"})]])
def test_a_refused_row_need_not_be_there(tmp_path: Path, warehouse: Path, before: Any) -> None:
    deliver(tmp_path, ("added", "1", ANN), *before)
    deliver(tmp_path, ("added", "2", BOB), file=".refused.jsonl")
    assert differences(tmp_path, warehouse) == ""


def test_what_differs_is_named(tmp_path: Path, warehouse: Path) -> None:
    deliver(tmp_path, ("added", "1", {**ANN, "points": 1.51}), ("added", "9", BOB))
    found = differences(tmp_path, warehouse)
    assert "1 rows not delivered: 2" in found
    assert "1 rows delivered, but not in the query: 9" in found
    assert "1 rows delivered with other values: 1" in found
    assert "1.51" in found
