"""What is known of the end of a run, where some of its artifacts or its steps are not there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import summary
from airflow_provider_dbtsegment.dbt_cloud.graphs import Graphs
from airflow_provider_dbtsegment.dbt_cloud.run_end import end_of_run
from airflow_provider_dbtsegment.exceptions import RequestError, RunFailedError
from airflow_provider_dbtsegment.outcomes import End
from tests.dbt_cloud.left_behind import LeftBehind, ran, results, run_of
from tests.dbt_cloud.replies import data
from tests.dbt_cloud.test_report import api_at
from tests.scripted_server import Received, Reply, serving

LOG = logging.getLogger(__name__)
ORDERS = results(ran("model.shop.orders", 0, 5, status="error", message="no such column"))
REFUSED = '{"status": {"code": 403, "user_message": "Forbidden"}, "data": null}'
#: How an artifact cannot be read, and whether to ask for it again may help.
UNREADABLE = {
    "refused": (Reply(403, REFUSED), False),
    "a page to sign in": (
        Reply(body="<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        False,
    ),
    "cut short": (
        Reply(body='{"metadata": {}, "results": [{"unique_id": "seed.shop.c", "sta'),
        False,
    ),
    "empty": (Reply(body=""), False),
    "too large": (Reply(413, "{}"), False),
    "a failing service": (Reply(502, "bad gateway"), True),
    "broken off": (Reply(body='{"results": []}' + " " * 1000, cut=20), True),
    "a limit of requests": (Reply(429, "{}"), True),
    "no token any more": (Reply(401, "{}"), True),
}
EACH_WAY = pytest.mark.parametrize(("reply", "passing"), UNREADABLE.values(), ids=UNREADABLE)


class Runs(LeftBehind):
    """Has a run beside its artifacts."""

    run: Any = None

    def reply_to(self, request: Received) -> Reply:
        return super().reply_to(request) if "/artifacts/" in request.path else data(self.run)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setattr(summary, "graphs", Graphs())
    with serving(Runs()) as server:
        yield server


def end(server: Runs, *, in_worker: bool = True) -> End:
    api = api_at(server)
    return end_of_run(api, 5, account_id=None, log=LOG, artifacts=api if in_worker else None)


@EACH_WAY
@pytest.mark.parametrize("status", [10, 20])
def test_a_step_that_cannot_be_read_is_left_out_with_a_warning(
    reply: Reply,
    passing: bool,
    status: int,
    server: Runs,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.run = run_of("seed", "build", status=status)
    server.run["run_steps"][1]["status"] = status
    server.leave("run_results.json", reply, step=1)
    server.leave("run_results.json", ORDERS, step=2)
    ended = end(server)
    told = ended.xcoms["run_summary"]
    assert [one["name"] for one in told["failed_nodes"]] == ["orders"]
    assert told["nodes"] == {"error": 1}
    assert [step["name"] for step in told["steps"]] == [
        "Invoke dbt with `dbt seed`",
        "Invoke dbt with `dbt build`",
    ]
    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    where = "The results of step 1, Invoke dbt with `dbt seed` of dbt Cloud run 5 cannot be read: "
    assert warning.startswith(where)
    assert len(warning) > len(where) + 10
    assert (ended.failure is None) == (status == 10)
    if ended.failure is not None:
        assert "orders (error): no such column" in str(ended.failure)


@EACH_WAY
def test_the_triggerer_leaves_out_only_what_stays_unreadable(
    reply: Reply, passing: bool, server: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    server.run = run_of("seed", "build")
    server.leave("run_results.json", reply, step=1)
    server.leave("run_results.json", results(ran("model.shop.a", 0, 5)), step=2)
    if passing:
        with pytest.raises(RequestError):
            end(server, in_worker=False)
        return
    told = end(server, in_worker=False).xcoms["run_summary"]
    assert (told["nodes"], len(told["steps"])) == ({"success": 1}, 2)
    assert "The results of step 1, Invoke" in caplog.text


def test_a_broken_step_that_cannot_be_read_shows_the_end_of_its_log(server: Runs) -> None:
    server.run = run_of("seed", "build", status=20)
    for step in server.run["run_steps"]:
        step.update(status=20, logs="12:00:01  It broke here.")
    server.leave("run_results.json", UNREADABLE["cut short"][0], step=1)
    server.leave("run_results.json", ORDERS, step=2)
    reason = str(end(server).failure)
    assert "orders (error): no such column" in reason
    assert "The end of the log of Invoke dbt with `dbt seed`:\n  12:00:01  It broke here." in reason
    assert "The end of the log of Invoke dbt with `dbt build`" not in reason


def test_a_service_that_is_away_is_not_asked_for_a_hundred_steps(
    server: Runs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "PATIENCE", 0.0)
    server.run = run_of(*["run"] * 100)
    for step in range(1, 101):
        server.leave("run_results.json", Reply(502), step=step)
    told = end(server).xcoms["run_summary"]
    assert (told["nodes"], len(told["steps"])) == ({}, 100)
    assert len(server.received) < 10
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 100


@pytest.mark.parametrize("steps", [[], None, "none"])
@pytest.mark.parametrize("status", [10, 20])
def test_a_run_without_steps_has_the_results_of_the_run(
    steps: Any, status: int, server: Runs
) -> None:
    server.run = run_of(status=status, run_steps=steps)
    server.leave("run_results.json", ORDERS, step=None)
    ended = end(server)
    told = ended.xcoms["run_summary"]
    assert (told["steps"], told["nodes"]) == ([], {"error": 1})
    assert told["failed_nodes"][0]["name"] == "orders"
    assert told["timeline"] is not None
    if status == 20:
        assert isinstance(ended.failure, RunFailedError)
        assert str(ended.failure).splitlines()[0] == (
            "dbt Cloud run 5 of job 9 ended with status error."
        )
        assert "orders (error): no such column" in str(ended.failure)


def test_a_run_without_anything_says_so(server: Runs, caplog: pytest.LogCaptureFixture) -> None:
    server.run = run_of(status=20)
    assert str(end(server).failure).splitlines()[1] == "No step and no result says why."
    server.run = run_of(status=20, status_message="The job was triggered elsewhere.")
    assert "dbt Cloud says: The job was triggered elsewhere." in str(end(server).failure)
    server.leave("run_results.json", Reply(body="no JSON"), step=None)
    end(server)
    assert "The results of the run of dbt Cloud run 5 cannot be read" in caplog.text
    server.received.clear()
    server.run = run_of(status=30)
    end(server)
    # What was cancelled before it began has left nothing behind.
    assert not [one.path for one in server.received if "/artifacts/" in one.path]
