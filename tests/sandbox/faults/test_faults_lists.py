"""Lists that are refused, lack something, or do not know yet what was started."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.faults import ledger, presets
from airflow_provider_dbtsegment.sandbox.testing import Fault
from tests.sandbox.faults.conftest import Client, view

SYNCS = "/reverse-etl-models/everybody/subscriptionId/good/syncs"


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let everything that was started grow older, without waiting."""
    passed = [0.0]

    def pass_time(seconds: float) -> None:
        passed[0] += seconds

    clock = SimpleNamespace(time=time.time, monotonic=lambda: time.monotonic() + passed[0])
    monkeypatch.setattr(ledger, "time", clock)
    return pass_time


def bulk(client: Client, ids: list[int]) -> dict[str, Any]:
    answer = client.call("GET", "/runs/", params={"pk__in": str(ids), "order_by": "id"})
    answer.raise_for_status()
    content: dict[str, Any] = answer.json()
    return content


def start_three(client: Client) -> list[int]:
    return [client.start_run().json()["data"]["id"] for _ in range(3)]


def sync(client: Client, model: str = "everybody", mapping: str = "good") -> str:
    while (answer := client.start_sync(mapping, model)).status_code == 409:
        time.sleep(0.01)
    return str(answer.json()["data"]["reverseETLManualSync"]["syncId"])


def test_bulk_is_refused_while_single_requests_are_not(client: Client) -> None:
    ids = start_three(client)
    client.faults.add(presets.bulk_refused())
    for _ in range(2):
        assert view(lambda: client.call("GET", "/runs/", params={"pk__in": str(ids)})) == "400 JSON"
    assert view(lambda: client.call("GET", f"/runs/{ids[0]}/")) == "200 JSON"
    assert view(lambda: client.call("GET", "/runs/")) == "200 JSON"


def test_bulk_lacks_entries_that_it_counts(client: Client) -> None:
    ids = start_three(client)
    client.faults.add_all(
        [presets.bulk_incomplete(2, count=1), presets.bulk_incomplete(None, count=1)]
    )
    for left in (ids[2:], [], ids):
        content = bulk(client, ids)
        assert [run["id"] for run in content["data"]] == left
        assert content["extra"]["pagination"] == {"count": len(left), "total_count": 3}


def test_lists_of_segment_lack_entries_too(client: Client) -> None:
    first, second = sync(client), sync(client)
    client.faults.add(Fault(SYNCS, "leave_out"))
    data = client.call("GET", SYNCS).json()["data"]
    assert data["syncStatuses"][0]["syncId"] == first
    assert data["pagination"]["totalEntries"] == len(data["syncStatuses"]) + 1
    assert client.call("GET", SYNCS).json()["data"]["syncStatuses"][0]["syncId"] == second


def test_what_is_no_list_is_left_as_it_is(client: Client) -> None:
    run = start_three(client)[0]
    plain = client.call("GET", f"/runs/{run}/", params={"include_related": "run_steps"}).json()
    client.faults.add(Fault("GET", "leave_out", leave_out=None))
    shown = client.call("GET", f"/runs/{run}/", params={"include_related": "run_steps"}).json()
    assert len(shown["data"]["run_steps"]) == len(plain["data"]["run_steps"]) > 0


def test_a_run_is_not_known_for_the_first_seconds_of_its_life(
    client: Client, pass_time: Callable[[float], None]
) -> None:
    old = start_three(client)[0]
    pass_time(60)
    client.faults.add(presets.unborn(60))
    young = client.start_run().json()["data"]["id"]
    assert client.started[-1].id == young

    for path in (f"/runs/{young}/", f"/runs/{young}/retry/"):
        answer = client.call("GET", path)
        assert (answer.status_code, answer.json()["status"]["code"]) == (404, 404)
        assert not client.last.processed
    assert client.call("POST", f"/runs/{young}/cancel/").status_code == 404
    content = bulk(client, [old, young])
    assert [run["id"] for run in content["data"]] == [old]
    assert content["extra"]["pagination"] == {"count": 1, "total_count": 1}
    assert client.call("GET", f"/runs/{old}/").status_code == 200
    assert client.last.fault is None

    pass_time(60)
    assert client.call("GET", f"/runs/{young}/").json()["data"]["is_cancelled"] is False
    assert len(bulk(client, [old, young])["data"]) == 2


def test_a_sync_is_not_known_for_the_first_seconds_of_its_life(
    client: Client, pass_time: Callable[[float], None]
) -> None:
    old = sync(client)
    pass_time(60)
    client.faults.add(presets.unborn(60))
    young = sync(client)
    answer = client.call("GET", f"/reverse-etl-models/everybody/syncs/{young}")
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (404, "not-found")
    data = client.call("GET", SYNCS).json()["data"]
    assert data["syncStatuses"][0]["syncId"] == old
    assert data["pagination"]["totalEntries"] == len(data["syncStatuses"])
    pass_time(60)
    assert client.call("GET", SYNCS).json()["data"]["syncStatuses"][0]["syncId"] == young
    assert client.call("GET", f"/reverse-etl-models/everybody/syncs/{young}").status_code == 200
