"""The fault machine over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from tests.conftest import TINY
from tests.sandbox.faults.conftest import MARKER, Client, view
from tests.sandbox.test_sandbox_process import served


def control(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """Call a path of the control, and return what it says."""
    answer = requests.request(method, f"{sandbox.url}/sandbox/{path}", json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


def test_faults_are_added_listed_and_ended(client: Client) -> None:
    box = client.sandbox
    fault = {"route": "POST .*/run/", "action": "drop_after", "count": 1}
    number = control(box, "POST", "faults", fault)["ids"][0]
    more = [{"route": ".", "action": "late", "seconds": 0.1, "count": None, "skip": 2}]
    assert control(box, "POST", "faults", more) == {"ids": [number + 1]}
    listed = control(box, "GET", "faults")
    assert [(one["id"], one["action"], one["hits"]) for one in listed] == [
        (number, "drop_after", 0),
        (number + 1, "late", 0),
    ]
    assert listed[1]["count"] is None

    assert view(client.start_run) == "closed connection without response"

    assert [one["is_live"] for one in control(box, "GET", "faults")] == [False, True]
    started = control(box, "GET", "ledger")[-1]
    assert started.pop("at") > 0
    about = {"service": "dbt_cloud", "kind": "run", "about": 1, "marker": MARKER}
    assert started == {**about, "id": client.started[0].id}
    seen = control(box, "GET", "requests")[-1]
    assert (seen["method"], seen["ending"], seen["fault"]) == ("POST", "closed", number)
    assert client.sandbox.dbt_token not in json.dumps(control(box, "GET", "requests"))
    assert control(box, "DELETE", "faults") == []
    assert control(box, "GET", "faults") == []


def test_the_control_is_never_hit_and_never_counted(client: Client) -> None:
    control(client.sandbox, "POST", "faults", {"route": ".", "action": "answer", "count": None})
    before = len(client.faults.requests())
    assert control(client.sandbox, "GET", "faults")[0]["matched"] == 0
    assert len(client.faults.requests()) == before
    assert view(lambda: client.call("GET", "/jobs/")) == "500 JSON"
    assert len(client.faults.requests()) == before + 1


def test_the_clock_is_set_and_read(client: Client) -> None:
    told = control(client.sandbox, "PUT", "clock", {"offset_seconds": -300})
    assert told == {**control(client.sandbox, "GET", "clock"), "now": told["now"]}
    assert client.faults.clock.offset_seconds == told["offset_seconds"] == -300


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "Send JSON: Expecting property name"),
        pytest.param("[" * 100_000, "Send JSON: maximum recursion", id="deep"),
        ("7", "Send a fault as a JSON object with route, action, skip"),
        ('{"action": "late"}', "Give a fault its route."),
        ('{"route": "."}', "Give a fault its action."),
        ({}, None),
        ({"action": "explode"}, "There is no action 'explode'; take one of answer, reset_before"),
        ({"action": None}, "There is no action None; take one of"),
        ({"route": "("}, "route '(' is no regular expression: missing ), unterminated"),
        ({"route": 7}, "route must be a regular expression, such as"),
        ({"route": ""}, "route must be a regular expression, such as"),
        ({"skips": 1}, "There is no field 'skips'; a fault has route, action, skip"),
        ({"skip": -1}, "skip must be a whole number of at least 0."),
        ({"count": 0}, "count must be a whole number of at least 1, or null to hit every"),
        ({"count": True}, "count must be a whole number"),
        ({"count": 1.5}, "count must be a whole number"),
        ({"lasting": 3}, "A count of 1 ends with the first hit: give a count of null as well."),
        ({"lasting": -3, "count": None}, "lasting must be a number of seconds of at least 0."),
        ({"lasting": "3", "count": None}, "lasting must be a number of seconds of at least 0."),
        ({"action": "late"}, "Give seconds: the action late needs them."),
        ({"action": "late", "seconds": -1}, "seconds must be a number of seconds of at least 0"),
        (
            {"action": "late", "seconds": 1, "status": 500},
            "Leave status out: the action late",
        ),
        ({"action": "drop_after", "seconds": 1}, "the action drop_after takes no options."),
        ({"action": "leave_out", "leave_out": 0}, "leave_out must be a whole number of at least 1"),
        ({"status": 99}, "status must be a whole number of at least 200."),
        ({"status": 600}, "status must be a whole number from 200 to 599."),
        ({"status": "500"}, "status must be a whole number"),
        ({"headers": ["a"]}, "headers must be an object of names and texts."),
        ({"headers": {"Retry-After": 7}}, "headers: Retry-After must be a text of printable"),
        ({"headers": {"X": "a\r\nSet-Cookie: b"}}, "headers: X must be a text of printable"),
        ({"headers": {"a b": "c"}}, "headers: 'a b' is no name of a header."),
        ({"headers": {"Content-Length": "7"}}, "Leave Content-Length out of headers"),
        ({"action": "wrong_json", "body": {}}, "body must be a text for the action wrong_json."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    client: Client, body: Any, words: str | None
) -> None:
    """Nothing is added then, not even what stands before it in a list."""
    right = {"route": ".", "action": "answer"}
    text = body if isinstance(body, str) else json.dumps([right, {**right, **body}])
    url = f"{client.sandbox.url}/sandbox/faults"
    answer = requests.post(url, data=text, timeout=10)
    if words is None:
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert client.faults.rules() == []


@pytest.mark.parametrize("body", ["{}", "[]", '{"offset": 3}', "x", '{"offset_seconds": "5"}'])
def test_a_clock_that_cannot_be_set_stays(client: Client, body: str) -> None:
    answer = requests.put(f"{client.sandbox.url}/sandbox/clock", data=body, timeout=10)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".") or "offset_seconds" in answer.json()["error"]
    assert client.faults.clock.offset_seconds == 0
    for wild in ("1e400", "NaN", "true", "1e12"):
        body = f'{{"offset_seconds": {wild}}}'
        answer = requests.put(f"{client.sandbox.url}/sandbox/clock", data=body, timeout=10)
        assert answer.status_code == 422


def test_without_faults_there_is_no_control(tmp_path: Path, no_dbt: DbtClient) -> None:
    with running_sandbox(tmp_path, TINY, dbt=no_dbt) as sandbox:
        assert sandbox.faults is None
        for method, path in (
            ("GET", "faults"),
            ("POST", "faults"),
            ("DELETE", "faults"),
            ("GET", "ledger"),
            ("GET", "requests"),
            ("PUT", "clock"),
        ):
            url = f"{sandbox.url}/sandbox/{path}"
            assert requests.request(method, url, json={}, timeout=10).status_code == 404
        assert json.loads((tmp_path / "sandbox.json").read_text())["control"] is None
        assert not (tmp_path / "ledger.jsonl").exists()


def test_a_process_serves_faults_when_asked_and_its_ledger_outlives_it(tmp_path: Path) -> None:
    """Killed amid everything, the next one still knows what was started."""
    fault = {"route": "POST .*/run/", "action": "drop_after"}
    for count in (1, 2):
        with served(tmp_path, "--faults") as (process, told):
            url = told["control"]
            assert url == f"{told['url']}/sandbox"
            requests.post(f"{url}/faults", json=fault, timeout=10).raise_for_status()
            with pytest.raises(requests.ConnectionError):
                requests.post(
                    f"{told['url']}/api/v2/accounts/7/jobs/7000/run/",
                    json={"cause": MARKER},
                    headers={"Authorization": "Token workbench-token"},
                    timeout=10,
                )
            ledger = requests.get(f"{url}/ledger", timeout=10).json()
            assert [(one["id"], one["marker"]) for one in ledger] == [
                (number + 1, MARKER) for number in range(count)
            ]
            process.kill()
            assert process.wait(30) != 0
        (tmp_path / "sandbox.json").unlink()  # who is killed cannot tidy up
