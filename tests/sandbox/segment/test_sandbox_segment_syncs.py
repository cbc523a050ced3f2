"""What a sync extracts, delivers and remembers."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse


def counts(status: dict[str, Any]) -> tuple[str, ...]:
    extract, load = status["extractPhase"], status["loadPhase"]
    return (
        extract["addedCount"],
        extract["updatedCount"],
        extract["deletedCount"],
        load["deliverSuccessCount"],
        load["deliverFailureCount"],
    )


def test_first_sync_delivers_every_row_as_added(server: Any) -> None:
    status = server.sync("to_plain")
    assert status["syncStatus"] == "SUCCESS"
    assert counts(status) == ("3", "0", "0", "3", "0")
    assert status["extractPhase"]["extractCount"] == "3"
    assert {"startedAt", "finishedAt", "duration", "sourceId", "modelId"} <= status.keys()
    assert "error" not in status
    first = server.delivered()[0]
    assert first.pop("delivered_at").endswith("Z")
    assert first == {
        "operation": "added",
        "id": "1",
        "row": {"id": 1, "name": "Ada", "email": "ada@x.org"},
        "sync_id": status["syncId"],
        "model_id": "customers",
        "subscription_id": "to_plain",
    }


def test_second_sync_delivers_only_what_changed(server: Any) -> None:
    server.sync("to_plain")
    unchanged = server.sync("to_plain")
    assert unchanged["syncStatus"] == "SUCCESS"
    assert counts(unchanged) == ("0", "0", "0", "0", "0")

    server.sql(
        "UPDATE customers SET name = 'Bobby' WHERE id = 2",
        "DELETE FROM customers WHERE id = 3",
        "INSERT INTO customers VALUES (4, 'Di', 'di@x.org')",
    )
    assert counts(server.sync("to_plain")) == ("1", "1", "1", "3", "0")
    changes = [(line["operation"], line["row"]["name"]) for line in server.delivered()[3:]]
    assert changes == [("updated", "Bobby"), ("added", "Di"), ("deleted", "Cy")]
    assert counts(server.sync("to_plain")) == ("0", "0", "0", "0", "0")


def test_mappings_of_one_model_remember_apart(server: Any) -> None:
    server.sync("to_plain")
    assert counts(server.sync("renamed")) == ("3", "0", "0", "3", "0")


def test_fields_pick_and_rename_columns(server: Any) -> None:
    server.sync("renamed")
    assert server.delivered()[0]["row"] == {"address": "ada@x.org"}


def test_source_reads_its_own_database(server: Any) -> None:
    failed = server.sync("elsewhere_to_plain", "elsewhere", "other")
    assert failed["syncStatus"] == "FAIL"
    assert "other.duckdb does not exist" in failed["error"]

    with duckdb.connect(str(server.state_dir / "other.duckdb")):
        pass
    assert server.sync("elsewhere_to_plain", "elsewhere", "other")["syncStatus"] == "SUCCESS"


def test_nothing_extracted_is_success(server: Any) -> None:
    server.sql("DELETE FROM customers")
    status = server.sync("to_plain")
    assert status["syncStatus"] == "SUCCESS"
    assert counts(status) == ("0", "0", "0", "0", "0")


def test_refused_rows_make_a_partial_success_and_are_tried_again(server: Any) -> None:
    server.sql(
        "UPDATE customers SET email = NULL WHERE id = 1",
        "UPDATE customers SET email = 'nonsense' WHERE id = 2",
        "INSERT INTO customers VALUES (4, repeat('x', 21), 'x@x.org')",
    )
    status = server.sync("to_crm")
    assert status["syncStatus"] == "PARTIAL_SUCCESS"
    assert counts(status) == ("4", "0", "0", "1", "3")
    assert status["loadPhase"]["errorCode"] == "RecordsRefused"
    assert "errorCode" not in status
    assert "refused 3 of 4 records, for example 1: email is required" in status["error"]
    assert [line["id"] for line in server.delivered("crm.jsonl")] == ["3"]
    refused = server.delivered("crm.jsonl.refused.jsonl")
    assert [line["reasons"] for line in refused] == [
        ["email is required"],
        [r"email 'nonsense' does not match ^[^@\s]+@[^@\s]+$"],
        ["name is longer than 20 characters"],
    ]

    server.sql("UPDATE customers SET email = 'ada@x.org' WHERE id = 1")
    again = server.sync("to_crm")
    assert again["syncStatus"] == "PARTIAL_SUCCESS"
    assert counts(again) == ("3", "0", "0", "1", "2")


def test_rows_that_stay_bad_are_all_that_is_sent_on_a_day_without_changes(server: Any) -> None:
    server.sql("UPDATE customers SET email = NULL WHERE id = 1")
    assert counts(server.sync("to_crm")) == ("3", "0", "0", "2", "1")
    for _ in range(2):
        quiet = server.sync("to_crm")
        assert quiet["syncStatus"] == "FAIL"
        assert counts(quiet) == ("1", "0", "0", "0", "1")
        assert "errorCode" not in quiet["extractPhase"]


def test_refused_update_stays_an_update(server: Any) -> None:
    server.sync("to_crm")
    server.sql("UPDATE customers SET email = 'nonsense' WHERE id = 2")
    for _ in range(2):
        status = server.sync("to_crm")
        assert status["syncStatus"] == "FAIL"
        assert status["errorCode"] == "AllRecordsRefused"
        assert counts(status) == ("0", "1", "0", "0", "1")
    server.sql("UPDATE customers SET email = 'bob@x.org' WHERE id = 2")
    assert counts(server.sync("to_crm")) == ("0", "0", "0", "0", "0")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nope FROM customers", 'column "nope" not found'),
        ("SELEC 1", "syntax error"),
        ("SELECT id FROM customers; DROP TABLE customers", "exactly one SELECT"),
        ("DROP TABLE customers", "exactly one SELECT"),
        ("SELECT id, error('on the way') AS x FROM customers", "on the way"),
    ],
)
def test_broken_query_fails_with_the_reason(server: Any, query: str, said: str) -> None:
    server.query(query)
    status = server.sync("to_plain")
    assert (status["syncStatus"], status["errorCode"]) == ("FAIL", "QueryFailed")
    assert status["extractPhase"]["errorCode"] == "QueryFailed"
    assert said.lower() in status["error"].lower()
    assert "loadPhase" not in status
    assert server.delivered() == []


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        (
            "SELECT 1 AS id UNION ALL SELECT 1",
            "IdentifierNotUnique",
            ["'id'", "1 value(s) occur more than once", "'1' (2 times)"],
        ),
        (
            "SELECT NULL AS id, 'Ada' AS name",
            "IdentifierNull",
            ["'id'", "1 row(s) have a null", '{"id":null,"name":"Ada"}'],
        ),
        (
            "SELECT 1 AS number",
            "IdentifierColumnMissing",
            ["'id'", "its columns are number"],
        ),
    ],
)
def test_rows_that_cannot_be_told_apart_fail(
    server: Any, query: str, code: str, said: list[str]
) -> None:
    server.query(query)
    status = server.sync("to_plain")
    assert (status["syncStatus"], status["errorCode"]) == ("FAIL", code)
    for words in said:
        assert words in status["error"]


def test_mapped_column_that_is_missing_fails(server: Any) -> None:
    server.query("SELECT id FROM customers")
    status = server.sync("renamed")
    assert (status["syncStatus"], status["errorCode"]) == ("FAIL", "MappedColumnMissing")
    assert "'email'" in status["error"]


def test_values_arrive_as_plain_json(server: Any) -> None:
    server.query(
        """
        SELECT
            'a' AS id, DATE '2026-01-02' AS day, 12.50::DECIMAL(9, 2) AS price,
            TIMESTAMP '2026-01-02 03:04:05.5' AS at, [1, 2] AS numbers, NULL AS nothing,
            TIMESTAMPTZ '2026-01-02 03:04:05+02' AS zoned, 'nan'::DOUBLE AS odd, 'ü"' AS text
        ; """
    )
    assert server.sync("to_plain")["syncStatus"] == "SUCCESS"
    assert server.delivered()[0]["row"] == {
        "id": "a",
        "day": "2026-01-02",
        "price": 12.5,
        "at": "2026-01-02T03:04:05.5",
        "numbers": [1, 2],
        "nothing": None,
        "zoned": "2026-01-02T01:04:05Z",
        "odd": "NaN",
        "text": 'ü"',
    }


def test_identifier_heeds_no_case_and_odd_names_are_columns(server: Any) -> None:
    server.query('SELECT 7 AS "ID", 1 AS "it\'s ""odd""", 2 AS "row", 3 AS hash -- the end')
    assert server.sync("to_plain")["syncStatus"] == "SUCCESS"
    assert server.delivered()[0]["row"] == {"ID": 7, 'it\'s "odd"': 1, "row": 2, "hash": 3}


def test_sync_waits_in_progress_while_the_warehouse_is_in_use(server: Any) -> None:
    with Warehouse(server.warehouse).exclusive():
        sync_id = server.start("to_plain")
        waiting = server.until(sync_id, lambda status: "extractPhase" in status)
        assert waiting["syncStatus"] == "IN_PROGRESS"
        assert "finishedAt" not in waiting
    ended = server.until(sync_id, lambda status: status["syncStatus"] != "IN_PROGRESS")
    assert ended["syncStatus"] == "SUCCESS"


def test_mappings_sync_side_by_side(server: Any) -> None:
    slow = server.start("to_slow")
    assert server.sync("to_plain")["syncStatus"] == "SUCCESS"
    server.until(slow, lambda status: status["syncStatus"] == "SUCCESS")


def test_batches_keep_the_order_of_the_query(server: Any) -> None:
    server.query("SELECT range AS id FROM range(2500) ORDER BY id DESC")
    status = server.sync("to_plain")
    assert counts(status) == ("2500", "0", "0", "2500", "0")
    assert [int(line["id"]) for line in server.delivered()] == list(range(2499, -1, -1))
