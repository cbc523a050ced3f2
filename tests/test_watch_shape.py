"""The shape of what waiting costs: requests by number of waits, connections, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.bench.crowd.members import OURS
from tests.bench.crowd.plan import Plan
from tests.bench.crowd.result import Result
from tests.bench.crowd.sync_plan import SyncPlan
from tests.bench.service import Service, running_service

pytest.importorskip("airflow.sdk", reason="those who wait in a process of their own need Airflow 3")

INTERVAL = 1.0
PLAN = Plan(OURS, 0, INTERVAL, settle=2.0, steady=7.0, spread=2.0, tail=20.0, idle=1.1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


def _waited(service: Service, waits: int, limit: int | None = None) -> Result:
    """Let some wait in a process of their own, as triggers do."""
    return replace(PLAN, waits=waits, limit=limit).run(service)


def _requests(result: Result) -> int:
    return sum(result.count.requests.values())


def test_ten_times_the_waits_do_not_make_ten_times_the_requests(service: Service) -> None:
    with ThreadPoolExecutor() as pool:
        few, many = pool.map(lambda waits: _waited(service, waits), (100, 1_000))
    for result in (few, many):
        assert result.problems == {}
        assert result.unheard == 0
        assert result.count.connections <= 2
    # A look of each wait would be a thousand requests an interval.
    assert many.rate * INTERVAL <= 1_000 / 90
    assert _requests(many) <= 5 * _requests(few)


def test_no_request_is_refused_that_another_pace_would_have_saved(service: Service) -> None:
    # A limit that a look of each wait would use up in a few seconds.
    result = _waited(service, 500, limit=600)
    assert result.problems == {}
    assert result.unheard == 0
    assert result.throttled == 0


def test_syncs_wait_for_their_place_in_the_budget_and_none_fails(service: Service) -> None:
    plan = SyncPlan(OURS, 60, shortest=4, longest=8, begins=2, interval=INTERVAL, tail=60)
    result = plan.run(service)
    assert result.problems == {}
    assert result.unheard == 0
    assert result.count.connections <= 4
    assert result.throttled == 0
