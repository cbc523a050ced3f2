"""What is counted of the requests."""

from __future__ import annotations

from typing import Any

from tests.cluster.account import busiest, traffic
from tests.cluster.works import DBT_LIMIT, LIMITS


def seen(method: str, path: str, at: float, status: int = 200) -> dict[str, Any]:
    return {"method": method, "path": path, "at": at, "status": status}


def test_the_busiest_minute_begins_whenever_it_is_busiest() -> None:
    assert busiest([]) == 0
    assert busiest([0, 50, 70, 100, 109]) == 4
    assert busiest([0, 61, 122]) == 1


def test_requests_are_counted_by_endpoint_against_its_limit() -> None:
    model = "/reverse-etl-models/people"
    found = traffic(
        [
            seen("POST", "/api/v2/accounts/1/jobs/1/run/", 1),
            seen("GET", "/api/v2/accounts/1/runs/?limit=100", 2),
            seen("POST", "/reverse-etl-syncs", 3),
            seen("GET", f"{model}/syncs/sync_1", 4),
            seen("GET", f"{model}/syncs/sync_2", 5, status=429),
            seen("GET", f"{model}/subscriptionId/left_1/syncs?count=10", 6),
        ]
    )
    told = {one.endpoint: (one.requests, one.limit, one.refused) for one in found}
    assert told == {
        "dbt Cloud": (2, DBT_LIMIT, 0),
        "Segment: start a sync": (1, LIMITS["start_sync"], 0),
        "Segment: sync status": (2, LIMITS["sync_status"], 1),
        "Segment: list syncs": (1, LIMITS["default"], 0),
    }
