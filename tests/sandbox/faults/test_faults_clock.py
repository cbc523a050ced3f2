"""A clock that is minutes off: what the services show, and what must not change with it."""

from __future__ import annotations

import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Fault, running_sandbox
from tests.conftest import TINY
from tests.sandbox.conftest import wait_for
from tests.sandbox.faults.conftest import MARKER, Client, view

NEARLY = 30.0


def off(at: str) -> float:
    """Return by how many seconds a time is in the future."""
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() - time.time()


@pytest.mark.parametrize("offset", [300, -300, 0.5])
def test_what_is_shown_is_off(client: Client, offset: float) -> None:
    client.faults.set_clock(offset)
    answer = client.start_run()
    run = answer.json()["data"]
    assert off(run["created_at"]) == pytest.approx(offset, abs=NEARLY)
    assert off(run["trigger"]["created_at"]) == pytest.approx(offset, abs=NEARLY)
    for one in (answer, client.call("GET", "/nothing/")):
        date = parsedate_to_datetime(one.headers["Date"]).timestamp()
        assert date - time.time() == pytest.approx(offset, abs=NEARLY)
    wait_for(lambda: (started := client.start_sync()).status_code == 200 and started)
    data = client.call("GET", "/reverse-etl-models/everybody/subscriptionId/good/syncs").json()
    newest = data["data"]["syncStatuses"][0]
    assert off(newest["startedAt"]) == pytest.approx(offset, abs=NEARLY)
    assert client.started[0].at == pytest.approx(time.time(), abs=NEARLY)


def test_the_date_of_made_up_answers_is_off_too(client: Client) -> None:
    client.faults.set_clock(-300)
    client.faults.add_all(
        [Fault("GET", "answer"), Fault("GET", "answer", headers={"Date": "yesterday"})]
    )
    date = parsedate_to_datetime(client.call("GET", "/jobs/").headers["Date"]).timestamp()
    assert date - time.time() == pytest.approx(-300, abs=NEARLY)
    assert client.call("GET", "/jobs/").headers["Date"] == "yesterday"


def test_limits_a_minute_last_however_the_clock_is_moved(client: Client) -> None:
    """The window says its end by the clock that is off, and is neither shorter nor longer."""
    first = client.start_sync().headers
    client.faults.set_clock(300)
    second = client.start_sync().headers
    assert int(second["X-RateLimit-Consumed"]) == int(first["X-RateLimit-Consumed"]) + 1
    ends = [parsedate_to_datetime(one["X-RateLimit-Reset"]).timestamp() for one in (first, second)]
    assert ends[1] - ends[0] == pytest.approx(300, abs=5)


def test_runs_end_and_are_retried_by_a_clock_that_is_off(tmp_path: Path, dbt: DbtClient) -> None:
    """Limits on the length of a run, and the age of its results, are this machine's matter."""
    with running_sandbox(tmp_path, TINY, dbt=dbt, faults=True) as sandbox:
        client = Client(sandbox)
        client.faults.set_clock(600)
        body = {
            "cause": f"A test {MARKER}",
            "timeout_seconds_override": 120,
            "steps_override": ["dbt run --select people --vars '{broken: true}'"],
        }
        run = client.call("POST", "/jobs/1/run/", json=body).json()["data"]["id"]
        client.faults.set_clock(840)
        path = f"/runs/{run}/"
        wait_for(lambda: client.call("GET", path).json()["data"]["is_complete"])
        failed = client.call("GET", path).json()["data"]
        assert (failed["is_error"], failed["can_retry"]) == (True, True)
        assert off(failed["finished_at"]) == pytest.approx(840, abs=NEARLY)

        client.faults.add(Fault(r"POST .*/runs/\d+/retry/", "reset_after"))
        assert view(lambda: client.call("POST", f"{path}retry/")) == "reset by peer"
        first, second = client.started
        assert (first.kind, second.kind) == ("run", "retry")
        assert (second.about, second.marker) == (1, MARKER)
        retried = client.call("GET", f"/runs/{second.id}/").json()["data"]
        assert retried["retrying_run_id"] == run
