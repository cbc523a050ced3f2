"""Start, follow, list and cancel syncs; restart the server."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse

SYNCS = "/reverse-etl-models/customers/syncs"
LIST = "/reverse-etl-models/customers/subscriptionId/{}/syncs"
MANY = "SELECT range AS id FROM range(500)"


def cancel(server: Any, sync_id: str) -> dict[str, Any]:
    path = f"{SYNCS}/{sync_id}/cancel"
    answer: dict[str, Any] = server.data("POST", path, {"reasonForCanceling": 4})
    assert (answer.pop("modelId"), answer.pop("syncId")) == ("customers", sync_id)
    return answer


def is_loading(status: dict[str, Any]) -> bool:
    return int(status.get("loadPhase", {}).get("deliverSuccessCount", 0)) > 0


def has_ended(status: dict[str, Any]) -> bool:
    return status["syncStatus"] != "IN_PROGRESS"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"sourceId": "none"}, 404, "sourceId"),
        ({"modelId": "none"}, 404, "modelId"),
        ({"subscriptionId": "none"}, 404, "subscriptionId"),
        ({"sourceId": "other"}, 422, "modelId"),
        ({"subscriptionId": "elsewhere_to_plain"}, 422, "subscriptionId"),
        ({"modelId": "disabled", "subscriptionId": "disabled_to_plain"}, 422, "modelId"),
        ({"sourceId": 7}, 422, "sourceId"),
        ({"subscriptionId": ""}, 422, "subscriptionId"),
    ],
)
def test_start_needs_three_that_belong_together(
    calm_server: Any, change: dict[str, Any], status: int, field: str
) -> None:
    body = {"sourceId": "shop", "modelId": "customers", "subscriptionId": "to_plain"} | change
    error = calm_server.error("POST", "/reverse-etl-syncs", body)
    assert (error["status"], error["field"]) == (status, field)


def test_second_start_while_one_runs_is_a_conflict(server: Any) -> None:
    server.query(MANY)
    sync_id = server.start("to_slow")
    body = {"sourceId": "shop", "modelId": "customers", "subscriptionId": "to_slow"}
    error = server.error("POST", "/reverse-etl-syncs", body)
    assert (error["status"], error["data"]) == (409, {"syncId": sync_id})
    cancel(server, sync_id)
    server.until(sync_id, has_ended)
    server.start("to_slow")


def test_progress_is_visible_while_a_sync_loads(server: Any) -> None:
    server.query(MANY)
    status = server.until(server.start("to_slow"), is_loading)
    assert status["syncStatus"] == "IN_PROGRESS"
    assert status["extractPhase"]["addedCount"] == "500"
    assert "finishedAt" not in status["loadPhase"]


def test_cancelled_sync_stops_and_keeps_what_was_delivered(server: Any) -> None:
    server.query(MANY)
    sync_id = server.start("to_slow")
    server.until(sync_id, is_loading)
    assert cancel(server, sync_id) == {"status": "CANCELLING"}
    status = server.until(sync_id, has_ended)
    assert status["syncStatus"] == "CANCELLED"
    delivered = int(status["loadPhase"]["deliverSuccessCount"])
    assert 0 < delivered < 500
    assert len(server.delivered()) == delivered
    assert cancel(server, sync_id)["errorCode"] == "SyncAlreadyCanceled"

    again = server.start("to_slow")
    status = server.until(again, is_loading)
    assert status["extractPhase"]["addedCount"] == str(500 - delivered)
    cancel(server, again)


def test_cancel_reaches_a_sync_that_waits_for_the_warehouse(server: Any) -> None:
    with Warehouse(server.warehouse).exclusive():
        sync_id = server.start("to_plain")
        server.until(sync_id, lambda status: "extractPhase" in status)
        cancel(server, sync_id)
        assert server.until(sync_id, has_ended)["syncStatus"] == "CANCELLED"


def test_cancel_interrupts_a_long_query(server: Any) -> None:
    server.query("SELECT sum(a.range * b.range) AS id FROM range(1000000) a, range(10000000) b")
    sync_id = server.start("to_plain")
    server.until(sync_id, lambda status: "extractPhase" in status)
    cancel(server, sync_id)
    assert server.until(sync_id, has_ended)["syncStatus"] == "CANCELLED"


def test_cancel_of_a_finished_sync_says_so(server: Any) -> None:
    sync_id = server.sync("to_plain")["syncId"]
    answer = cancel(server, sync_id)
    assert answer["errorCode"] == "SyncFinishedCannotCancel"
    assert "status" not in answer


def test_cancel_checks_sync_and_reason(calm_server: Any) -> None:
    assert calm_server.error("POST", f"{SYNCS}/none/cancel", {})["status"] == 404
    error = calm_server.error("POST", f"{SYNCS}/none/cancel", {"reasonForCanceling": 5})
    assert (error["status"], error["field"]) == (422, "reasonForCanceling")


def test_status_needs_the_sync_of_that_model(server: Any) -> None:
    sync_id = server.sync("to_plain")["syncId"]
    assert server.error("GET", f"/reverse-etl-models/disabled/syncs/{sync_id}")["status"] == 404
    assert server.error("GET", f"{SYNCS}/none")["status"] == 404


def test_syncs_of_a_mapping_come_in_pages_newest_first(server: Any) -> None:
    ids = [server.sync("to_plain")["syncId"] for _ in range(5)]
    server.sync("to_crm")
    found, cursor = [], None
    for length in (2, 2, 1):
        query = {"count": 2} | ({"cursor": cursor} if cursor else {})
        page = server.data("GET", LIST.format("to_plain"), params=query)
        assert len(page["syncStatuses"]) == length
        found += [status["syncId"] for status in page["syncStatuses"]]
        cursor = page["pagination"]["next"]
    assert cursor is None
    assert found == ids[::-1]


def test_list_checks_its_arguments(calm_server: Any) -> None:
    for count in ("0", "101", "x"):
        error = calm_server.error("GET", LIST.format("to_plain"), params={"count": count})
        assert (error["status"], error["field"]) == (422, "count")
    assert calm_server.error("GET", LIST.format("elsewhere_to_plain"))["field"] == "subscriptionId"
    other = "/reverse-etl-models/none/subscriptionId/to_plain/syncs"
    assert calm_server.error("GET", other)["field"] == "modelId"


def test_dbt_trigger_is_answered_and_written_down(server: Any) -> None:
    answer = server.data("POST", "/dbt-model-syncs/trigger", {"sourceId": "shop"})
    trigger = answer["dbtModelSyncTrigger"]
    assert (trigger["sourceId"], trigger["status"]) == ("shop", "TRIGGERED")
    journal = server.state_dir / "segment" / "dbt-model-syncs"
    assert [path.stem for path in journal.iterdir()] == [trigger["id"]]
    for body, status in (({"sourceId": "none"}, 404), ({}, 422)):
        error = server.error("POST", "/dbt-model-syncs/trigger", body)
        assert (error["status"], error["field"]) == (status, "sourceId")


def test_restart_keeps_syncs_models_and_what_was_delivered(start_server: Any) -> None:
    with start_server() as server:
        server.data("DELETE", "/reverse-etl-models/disabled")
        server.query("SELECT id, email FROM customers")
        finished = server.sync("to_plain")
    with start_server() as server:
        assert server.status(finished["syncId"]) == finished
        assert server.error("GET", "/reverse-etl-models/disabled")["status"] == 404
        assert server.sync("to_plain")["extractPhase"]["extractCount"] == "0"
        listed = server.data("GET", LIST.format("to_plain"))["syncStatuses"]
        assert listed[1] == finished


def test_stopped_server_ends_its_syncs_and_keeps_what_was_delivered(start_server: Any) -> None:
    with start_server() as server:
        server.query(MANY)
        sync_id = server.start("to_slow")
        server.until(sync_id, is_loading)
    with start_server() as server:
        status = server.status(sync_id)
        assert (status["syncStatus"], status["errorCode"]) == ("FAIL", "ServerStopped")
        delivered = int(status["loadPhase"]["deliverSuccessCount"])
        assert len(server.delivered()) == delivered
        again = server.until(server.start("to_slow"), is_loading)
        assert again["extractPhase"]["addedCount"] == str(500 - delivered)


def test_sync_whose_server_died_has_failed(start_server: Any) -> None:
    with start_server() as server:
        sync_id = server.sync("to_plain")["syncId"]
        path = server.state_dir / "segment" / "syncs" / f"{sync_id}.json"
        document = path.read_text()
    died = document.replace('"SUCCESS"', '"IN_PROGRESS"')
    assert died != document
    path.write_text(died)
    with start_server() as server:
        status = server.status(sync_id)
        assert status["syncStatus"] == "FAIL"
        assert status["error"] == "The server stopped while this sync was running."
        server.start("to_plain")
