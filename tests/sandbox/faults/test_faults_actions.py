"""Each way in which a request can go wrong: what the client sees, and what was started."""

from __future__ import annotations

import time
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.faults import presets
from airflow_provider_dbtsegment.sandbox.testing import Fault
from tests.sandbox.conftest import wait_for
from tests.sandbox.faults.conftest import MARKER, RUN, TRIGGER, Client, view

NO_ANSWER = "closed connection without response"

# action, options, what the client sees, how the request ended, how many were started
ACTIONS: list[tuple[str, dict[str, Any], str, str, int]] = [
    ("answer", {}, "500 JSON", "answered", 0),
    ("answer", {"status": 502, "body": "<html>"}, "502 no JSON", "answered", 0),
    ("answer", {"status": 599, "body": [1]}, "599 JSON", "answered", 0),
    ("answer", {"status": 204}, "204 no JSON", "answered", 0),
    ("reset_before", {}, "reset by peer", "reset", 0),
    ("hold_before", {"seconds": 0.1}, NO_ANSWER, "closed", 0),
    ("hold_before", {"seconds": 30}, "Read timed out", "gone", 0),
    ("drop_after", {}, NO_ANSWER, "closed", 1),
    ("reset_after", {}, "reset by peer", "reset", 1),
    ("late", {"seconds": 0.1}, "200 JSON", "answered", 1),
    ("late", {"seconds": 30}, "Read timed out", "gone", 1),
    ("half", {}, "half a body", "cut", 1),
    ("wrong_json", {}, "200 no JSON", "answered", 1),
    ("wrong_json", {"body": '"a text"'}, "200 JSON", "answered", 1),
]


@pytest.mark.parametrize("service", ["dbt_cloud", "segment"])
@pytest.mark.parametrize(("action", "options", "seen", "ending", "starts"), ACTIONS)
def test_a_start_that_goes_wrong(
    client: Client,
    service: str,
    action: str,
    options: dict[str, Any],
    seen: str,
    ending: str,
    starts: int,
) -> None:
    """Either nothing was started or one thing, and the ledger knows it although the client doesn't.

    The next request goes well.
    """
    route, start = RUN, client.start_run
    if service == "segment":
        route, start = TRIGGER, client.trigger_models
    number = client.faults.add(Fault(route, action, **options))
    timeout = 0.3 if seen == "Read timed out" else 10

    assert view(lambda: start(timeout=timeout)) == seen

    assert [one.service for one in client.started] == [service] * starts
    wait_for(lambda: client.last.ending != "under way")
    last = client.last
    assert (last.ending, last.processed, last.fault) == (ending, starts == 1, number)
    assert last.status == (
        int(seen[:3]) if seen[:3].isdecimal() else 200 if "half" in seen else None
    )
    assert view(start) == "200 JSON"
    assert len(client.started) == starts + 1
    assert client.last.fault is None


def test_the_ledger_says_what_was_started_by_whom_and_when(client: Client) -> None:
    before = time.time()
    client.faults.set_clock(-3600)
    client.faults.add(Fault(".", "drop_after", count=3))
    for start in (client.start_run, client.start_sync, client.trigger_models):
        assert view(start) == NO_ANSWER
    client.start_run("Two [af:000000000000/1] markers [af:000000000000/2]")
    client.start_run("None")
    about = [(one.service, one.kind, one.about, one.marker) for one in client.started]
    assert about == [
        ("dbt_cloud", "run", 1, MARKER),
        ("segment", "sync", "good", None),
        ("segment", "dbt_model_sync", "warehouse", None),
        ("dbt_cloud", "run", 1, "[af:000000000000/2]"),
        ("dbt_cloud", "run", 1, None),
    ]
    ids = [one.id for one in client.started]
    runs = client.call("GET", "/runs/", params={"order_by": "id"}).json()["data"]
    assert [run["id"] for run in runs][-3:] == [ids[0], ids[3], ids[4]]
    assert [one.at for one in client.started] == sorted(one.at for one in client.started)
    assert before <= client.started[0].at <= time.time()


def test_a_true_length_comes_before_half_a_body(client: Client) -> None:
    client.faults.add(Fault(RUN, "half"))
    answer = client.start_run(stream=True)
    whole = int(answer.headers["Content-Length"])
    assert len(answer.raw.read(whole // 2)) == whole // 2
    with pytest.raises(Exception, match=r"IncompleteRead|closed"):
        answer.raw.read(1)


def test_what_drips_is_slow_and_complete(client: Client) -> None:
    """A time-out between two bytes never strikes, so only a limit on the whole would."""
    client.faults.add(Fault(TRIGGER, "drip", seconds=0.002))
    before = time.monotonic()
    answer = client.trigger_models(timeout=0.2)
    assert answer.json()["data"]["dbtModelSyncTrigger"]["id"] == client.started[-1].id
    assert time.monotonic() - before > 0.002 * (len(answer.content) - 1) > 0.2
    assert client.last.ending == "answered"


def test_who_leaves_amid_the_dripping_is_noted(client: Client) -> None:
    client.faults.add(Fault(TRIGGER, "drip", seconds=30))
    assert view(lambda: client.trigger_models(timeout=0.2)) == "Read timed out"
    wait_for(lambda: client.last.ending == "gone")
    assert (client.last.status, len(client.started)) == (None, 1)


def test_errors_come_in_the_envelope_of_the_service(client: Client) -> None:
    client.faults.add_all([presets.server_error(RUN), presets.server_error(TRIGGER)])
    run, models = client.start_run(), client.trigger_models()
    assert run.json()["status"] == {
        "code": 500,
        "is_success": False,
        "user_message": "Internal server error",
        "developer_message": "",
    }
    assert run.headers["Content-Type"] == "application/json"
    assert models.json()["errors"][0]["type"] == "internal"
    assert models.headers["Content-Type"].startswith("application/vnd.segment.v1beta+json")


def test_a_gateway_answers_with_a_page(client: Client) -> None:
    client.faults.add(presets.bad_gateway(RUN))
    page = client.start_run()
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "502 Bad Gateway" in page.text


def test_429_says_when_to_come_back_or_does_not(client: Client) -> None:
    client.faults.add_all(
        [
            presets.too_many_requests(".", 2, retry_after=7),
            presets.too_many_requests(TRIGGER),
            presets.too_many_requests(TRIGGER, ms_before_next=1500),
        ]
    )
    run, both, none, body = client.start_run(), *(client.trigger_models() for _ in range(3))
    assert {run.status_code, both.status_code, none.status_code, body.status_code} == {429}
    assert (run.headers["Retry-After"], both.headers["Retry-After"]) == ("7", "7")
    assert both.json()["errors"][0]["data"]["msBeforeNext"] == 7000
    assert "Retry-After" not in none.headers
    assert "data" not in none.json()["errors"][0]
    assert "Retry-After" not in body.headers
    assert body.json()["errors"][0]["data"]["msBeforeNext"] == 1500
    assert client.started == []


def test_401_for_a_while(client: Client) -> None:
    client.faults.add(presets.unauthorized(RUN, lasting=0.3))
    seen = []
    while (answer := client.start_run()).status_code == 401:
        assert answer.json()["status"]["user_message"] == "Invalid token"
        seen.append(answer)
    assert len(seen) > 2
    assert client.faults.rules()[0].hits == len(seen)
    assert not client.faults.rules()[0].is_live


def test_a_service_that_truncates_texts_keeps_their_beginning(client: Client) -> None:
    client.faults.add(Fault(RUN, "truncate", length=10))
    cut = client.start_run(f"0123456789abcdef {MARKER}").json()["data"]
    whole = client.start_run(f"0123456789abcdef {MARKER}").json()["data"]
    assert cut["trigger"]["cause"] == "0123456789"
    assert whole["trigger"]["cause"] == f"0123456789abcdef {MARKER}"
    assert [one.marker for one in client.started] == [None, MARKER]
    assert [client.faults.requests()[-2].fault is None, client.last.fault is None] == [False, True]
