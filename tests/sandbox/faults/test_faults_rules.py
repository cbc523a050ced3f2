"""Which requests a fault hits: by route, count and order."""

from __future__ import annotations

import threading

from airflow_provider_dbtsegment.sandbox.testing import Fault
from tests.sandbox.faults.conftest import Client


def statuses(client: Client, count: int, path: str = "/jobs/", **query: str) -> list[int]:
    return [client.call("GET", path, params=query).status_code for _ in range(count)]


def test_so_many_pass_first_and_so_many_are_hit(client: Client) -> None:
    number = client.faults.add(Fault("GET .*/jobs/", "answer", status=503, skip=1, count=2))
    assert statuses(client, 2, "/projects/") == [200, 200]
    assert statuses(client, 5) == [200, 503, 503, 200, 200]
    rule = client.faults.rules()[0]
    assert (rule.id, rule.matched, rule.hits, rule.is_live) == (number, 3, 2, False)


def test_faults_come_in_the_order_in_which_they_were_added(client: Client) -> None:
    """The first that hits has a request alone; one that lets a request pass leaves it to others."""
    client.faults.add_all(
        [
            Fault("GET", "answer", status=500),
            Fault("GET", "answer", status=502, skip=1),
            Fault("jobs", "answer", status=503, count=None),
        ]
    )
    assert statuses(client, 4) == [500, 503, 502, 503]
    assert [rule.hits for rule in client.faults.rules()] == [1, 1, 2]
    client.faults.clear()
    assert statuses(client, 1) == [200]
    assert client.faults.rules() == []


def test_a_route_is_searched_in_the_decoded_query(client: Client) -> None:
    client.faults.add(Fault(r"GET /api/v2/.*/runs/\?pk__in=\[1, 2\]&limit=5$", "answer"))
    assert statuses(client, 1, "/runs/", pk__in="[1, 3]", limit="5") == [200]
    assert statuses(client, 1, "/runs/", pk__in="[1, 2]", limit="5") == [500]
    seen = client.faults.requests()[-2:]
    assert seen[1].ordinal == seen[0].ordinal + 1
    assert seen[1].path == "/api/v2/accounts/1/runs/?pk__in=[1, 2]&limit=5"
    assert (seen[1].method, seen[1].processed, seen[0].processed) == ("GET", False, True)


def test_many_at_once_are_counted_right(client: Client) -> None:
    client.faults.add(Fault("GET", "answer", skip=3, count=5))
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.extend(statuses(client, 3))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200] * 13 + [500] * 5
