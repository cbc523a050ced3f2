"""Models by the API: create, read, change, delete, list."""

from __future__ import annotations

from typing import Any

import pytest

MODELS = "/reverse-etl-models"
NEW = {
    "sourceId": "shop",
    "name": "Names",
    "description": "",
    "enabled": True,
    "query": "SELECT id, name FROM customers",
    "queryIdentifierColumn": "id",
}
NIGHTLY = {"spec": "0 5 * * *", "timezone": "Europe/Berlin"}


def test_created_model_is_read_back(server: Any) -> None:
    schedule = {"scheduleStrategy": "CRON", "scheduleConfig": NIGHTLY}
    response = server.call("POST", MODELS, NEW | schedule)
    assert response.status_code == 201
    created = response.json()["data"]["reverseEtlModel"]
    assert NEW | schedule | {"id": created["id"]} == created
    assert server.data("GET", f"{MODELS}/{created['id']}") == {"reverseEtlModel": created}


def test_update_changes_only_what_it_names(server: Any) -> None:
    before = server.data("GET", f"{MODELS}/customers")["reverseEtlModel"]
    values = {"name": "People", "description": "All", "enabled": False, "query": "SELECT 1 AS n"}
    values["queryIdentifierColumn"] = "n"
    for name, value in values.items():
        after = server.data("PATCH", f"{MODELS}/customers", {name: value})["reverseEtlModel"]
        assert after == before | {name: value}
        before = after


def test_schedule_is_kept_over_a_restart(start_server: Any) -> None:
    path = f"{MODELS}/customers"
    manual = {"scheduleStrategy": "MANUAL", "scheduleConfig": {}}
    weekly = {
        "scheduleStrategy": "SPECIFIC_DAYS",
        "scheduleConfig": {"days": [0, 6], "hours": [0, 23], "timezone": "UTC"},
    }
    with start_server() as server:
        before = server.data("GET", path)["reverseEtlModel"]
        assert before == before | manual
        server.data("PATCH", path, weekly)
    with start_server() as server:
        assert server.data("GET", path)["reverseEtlModel"] == before | weekly
        server.data("PATCH", path, {"scheduleStrategy": "SPECIFIC_DAYS"})
        hourly = weekly["scheduleConfig"] | {"hours": list(range(24))}
        after = server.data("PATCH", path, {"scheduleConfig": hourly})["reverseEtlModel"]
        assert after == before | weekly | {"scheduleConfig": hourly}
        after = server.data("PATCH", path, {"scheduleStrategy": "MANUAL"})["reverseEtlModel"]
        assert after == before


@pytest.mark.parametrize(
    ("strategy", "config", "key"),
    [
        ("MANUAL", {"interval": "1h"}, "interval"),
        ("PERIODIC", {}, "interval"),
        ("PERIODIC", {"interval": "9m59s"}, "interval"),
        ("PERIODIC", {"interval": "8d"}, "interval"),
        ("PERIODIC", {"interval": "1h", "timezone": "UTC"}, "timezone"),
        ("SPECIFIC_DAYS", {"days": [7], "hours": [1], "timezone": "UTC"}, "days"),
        ("SPECIFIC_DAYS", {"days": [1], "hours": [], "timezone": "UTC"}, "hours"),
        ("SPECIFIC_DAYS", {"days": [1], "hours": [1], "timezone": "Nowhere"}, "timezone"),
        ("CRON", {"spec": "0 5 * * *"}, "timezone"),
        ("CRON", NIGHTLY | {"spec": "0 5 * *"}, "spec"),
        *(
            ("CRON", NIGHTLY | {"spec": spec}, "spec")
            for spec in (
                "*/10 * * * *",
                "0,50 * * * *",
                "*/25 * * * *",
                "0,50 0,23 * * *",
                "99 99 99 99 99",
                "a b c d e",
                "*/0 * * * *",
                "0 5-3 * * *",
                "0 0 * * *-5",
                "0 0 * MON *",
            )
        ),
        ("DBT_CLOUD", {"jobId": "1"}, "accountId"),
        ("DBT_CLOUD", {"jobId": 1, "accountId": "1"}, "jobId"),
    ],
)
def test_broken_schedule_is_refused_by_its_key(
    calm_server: Any, strategy: str, config: dict[str, Any], key: str
) -> None:
    broken = {"scheduleStrategy": strategy, "scheduleConfig": config}
    for method, path in (("POST", MODELS), ("PATCH", f"{MODELS}/customers")):
        error = calm_server.error(method, path, NEW | broken)
        assert (error["status"], error["type"]) == (422, "validation")
        assert error["field"] == f"scheduleConfig.{key}"


@pytest.mark.parametrize(
    "spec",
    [
        "*/15 * * * *",
        "*/25 5 * * *",
        "0,50 0,23 * * 1",
        "7/30 0-23/2 1,31 jan-MAR,12 ?",
        "0 0 * * fri-7",
    ],
)
def test_cron_expression_is_taken(server: Any, spec: str) -> None:
    schedule = {"scheduleStrategy": "CRON", "scheduleConfig": NIGHTLY | {"spec": spec}}
    changed = server.data("PATCH", f"{MODELS}/customers", schedule)["reverseEtlModel"]
    assert changed["scheduleConfig"]["spec"] == spec


def test_schedule_is_held_against_the_strategy_that_holds(calm_server: Any) -> None:
    for change in ({"scheduleStrategy": "PERIODIC"}, {"scheduleConfig": {"interval": "1h"}}):
        error = calm_server.error("PATCH", f"{MODELS}/customers", change)
        assert (error["status"], error["field"]) == (422, "scheduleConfig.interval")


def test_deleted_model_is_gone(server: Any) -> None:
    assert server.data("DELETE", f"{MODELS}/customers") == {"status": "SUCCESS"}
    assert server.error("GET", f"{MODELS}/customers")["status"] == 404
    listed = server.data("GET", MODELS)["models"]
    assert [model["id"] for model in listed] == ["disabled", "elsewhere"]


def test_models_come_in_pages_newest_first(server: Any) -> None:
    ids = [server.data("POST", MODELS, NEW)["reverseEtlModel"]["id"] for _ in range(2)]
    query = {"pagination.count": 2}
    first = server.data("GET", MODELS, params=query)
    assert [model["id"] for model in first["models"]] == ids[::-1]
    assert first["pagination"]["totalEntries"] == 5
    assert first["pagination"]["previous"] is None

    server.data("POST", MODELS, NEW)
    second = server.data(
        "GET", MODELS, params=query | {"pagination.cursor": first["pagination"]["next"]}
    )
    assert [model["id"] for model in second["models"]] == ["disabled", "elsewhere"]
    assert second["pagination"]["current"] == first["pagination"]["next"]

    last = server.data(
        "GET", MODELS, params=query | {"pagination.cursor": second["pagination"]["next"]}
    )
    assert [model["id"] for model in last["models"]] == ["customers"]
    assert last["pagination"]["next"] is None
    back = server.data(
        "GET", MODELS, params=query | {"pagination.cursor": last["pagination"]["previous"]}
    )
    assert back["models"] == second["models"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"pagination.count": "0"}, "pagination.count"),
        ({"pagination.count": "1001"}, "pagination.count"),
        ({"pagination.count": "many"}, "pagination.count"),
        ({"pagination.cursor": "§"}, "pagination.cursor"),
        ({"pagination.cursor": "bm9uZQ=="}, "pagination.cursor"),
    ],
)
def test_page_must_exist(calm_server: Any, query: dict[str, str], field: str) -> None:
    error = calm_server.error("GET", MODELS, params=query)
    assert (error["status"], error["field"]) == (422, field)


@pytest.mark.parametrize("field", sorted(NEW))
def test_new_model_needs_all_its_fields(calm_server: Any, field: str) -> None:
    error = calm_server.error("POST", MODELS, {key: NEW[key] for key in NEW if key != field})
    assert (error["status"], error["type"], error["field"]) == (422, "validation", field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", 7),
        ("description", None),
        ("enabled", "yes"),
        ("query", " "),
        ("queryIdentifierColumn", []),
        ("scheduleStrategy", "SOMETIMES"),
        ("scheduleConfig", "daily"),
    ],
)
def test_field_that_holds_something_else_is_named(calm_server: Any, field: str, value: Any) -> None:
    for method, path in (("POST", MODELS), ("PATCH", f"{MODELS}/customers")):
        error = calm_server.error(method, path, NEW | {field: value})
        assert (error["status"], error["field"]) == (422, field)


def test_unknown_ids_are_not_found(calm_server: Any) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        error = calm_server.error(method, f"{MODELS}/none", body)
        assert (error["status"], error["type"]) == (404, "not-found")
    assert calm_server.error("POST", MODELS, NEW | {"sourceId": "none"})["field"] == "sourceId"
