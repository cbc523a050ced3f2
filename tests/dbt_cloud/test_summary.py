"""Summaries of runs, from documents as dbt writes them and from odd ones."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import ijson
import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, documents
from airflow_provider_dbtsegment.dbt_cloud.documents import UNREADABLE, entries
from airflow_provider_dbtsegment.dbt_cloud.graphs import graphs
from airflow_provider_dbtsegment.dbt_cloud.report import why_failed
from airflow_provider_dbtsegment.dbt_cloud.results import MAX_MESSAGE
from airflow_provider_dbtsegment.dbt_cloud.summary import MAX_FAILED, summarize
from airflow_provider_dbtsegment.dbt_cloud.types import Run
from airflow_provider_dbtsegment.exceptions import AnswerLostError
from tests.scripted_server import Reply, ScriptedServer

#: The parser in Python complains when nobody wants the rest of a document.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

DEEP = 100_000


@pytest.fixture(params=["yajl2_c", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser in C, and the one where there is no wheel."""
    backend = ijson.get_backend(request.param)
    monkeypatch.setattr(documents.ijson, "basic_parse", backend.basic_parse)


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for what is asked for elsewhere: in `test_timeline`."""
    monkeypatch.setattr(graphs, "of", lambda *ids: None)


def run_of(*commands: str) -> Run:
    steps: Any = [
        {"index": index, "name": f"Invoke dbt with `dbt {command}`", "status": 20}
        for index, command in enumerate(commands, 1)
    ]
    return {"id": 5, "account_id": 7, "status": 20, "job_definition_id": 3, "run_steps": steps}


def results(*entries: Any) -> Reply:
    return Reply(body=json.dumps({"metadata": {"results": [1]}, "results": entries, "args": {}}))


def result(name: str, status: str, message: Any = None) -> dict[str, Any]:
    timing = [{"status": "no", "unique_id": "no"}]
    return {
        "status": status,
        "timing": timing,
        "message": message,
        "unique_id": name,
        "compiled_code": "select 1",
        "adapter_response": {"status": "no", "message": {"status": "no"}},
    }


def manifest(**files: str) -> Reply:
    nodes = {f"model.shop.{name}": {"original_file_path": file} for name, file in files.items()}
    return Reply(body=json.dumps({"metadata": {"nodes": {}}, "nodes": nodes, "sources": {"a": {}}}))


def asked(server: ScriptedServer) -> list[str]:
    return [urlsplit(one.path).path.rpartition("/")[2] for one in server.received]


def test_a_failure_is_told_with_its_reason_and_its_file(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(
        results(
            result("model.shop.people", "error", "\x1b[31mno such column\x1b[0m\n  ^^^^\n  here"),
            result("model.shop.orders", "error", "broken in models/orders.sql"),
            result("test.shop.not_null_people.1a2b", "fail", "Got 5 results"),
            result("model.shop.late", "skipped", "upstream"),
        ),
        manifest(other="x.sql", orders="models/orders.sql", people="models/people.sql"),
    )
    summary = summarize(api, run_of("build"))
    assert asked(server) == ["run_results.json", "manifest.json"]
    assert summary["nodes"] == {"error": 2, "fail": 1, "skipped": 1}
    assert summary["resources"] == {"model": {"error": 2, "skipped": 1}, "test": {"fail": 1}}
    assert [node["path"] for node in summary["failed_nodes"]] == [
        "models/people.sql",
        "models/orders.sql",
        "",
    ]
    reason = why_failed(run_of("build"), summary)
    assert "2 models and 1 test failed, 1 skipped:" in reason
    assert "- model people in models/people.sql (error): no such column here\n" in reason
    assert "- model orders (error): broken in models/orders.sql\n" in reason
    assert "- test not_null_people (fail): Got 5 results\n" in reason


def test_a_success_needs_no_manifest(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(results(result("model.shop.people", "success", "SELECT 1")))
    summary = summarize(api, run_of("deps", "run"))
    assert summary["nodes"] == {"success": 1}
    assert asked(server) == ["run_results.json"]
    assert "step=2" in server.received[0].path


def test_the_last_step_decides_how_a_node_ended(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(
        results(result("model.shop.a", "error", "x"), result("model.shop.b", "success")),
        results(result("model.shop.a", "success")),
    )
    summary = summarize(api, run_of("run", "retry"))
    assert summary["nodes"] == {"success": 2}
    assert summary["failed_nodes"] == []


def test_a_step_without_results_is_left_out(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(404), results(result("model.shop.a", "success")))
    assert summarize(api, run_of("run", "test"))["nodes"] == {"success": 1}


def test_a_summary_stays_small(api: DbtCloudApi, server: ScriptedServer) -> None:
    many = [result(f"model.shop.m{number}", "error", "x" * 100_000) for number in range(30)]
    server.script(results(*many), Reply(404))
    summary = summarize(api, run_of("run"))
    assert (len(summary["failed_nodes"]), summary["more_failed_nodes"]) == (MAX_FAILED, 10)
    assert {len(node["message"]) for node in summary["failed_nodes"]} == {MAX_MESSAGE + 1}


@pytest.mark.parametrize(
    "answer",
    [
        Reply(404),
        Reply(body="no JSON"),
        Reply(body="[" * DEEP),
        Reply(body='{"nodes": [{"original_file_path": 7}]}'),
        Reply(body='{"nodes": {"model.shop.a": {"original_file_path": {}}}}'),
        Reply(body='{"nodes": {"model.shop.a": ["original_file_path"]}}'),
        Reply(body='{"nodes": {"model.shop.b": {}', cut=10),
        Reply(drop="reset"),
    ],
)
def test_a_summary_needs_no_manifest(
    answer: Reply, api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(results(result("model.shop.a", "error", "x")), answer)
    (failed,) = summarize(api, run_of("run"))["failed_nodes"]
    assert (failed["name"], failed["message"], failed["path"]) == ("a", "x", "")
    assert asked(server) == ["run_results.json", "manifest.json"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b'{"results": [{"unique_id": "a", "status": "error"}',
        b'{"results": [], "args": NaN}',
        b'{"results": [{"unique_id": ' + b"9" * 5000 + b"}]}",
        b"[" * DEEP,
        b'{"results": [{"status": "error"}' + b"[" * DEEP,
    ],
)
def test_results_that_are_no_json_are_a_lost_answer(
    body: bytes, api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(Reply(body=body))
    with pytest.raises(AnswerLostError, match="no JSON") as caught:
        summarize(api, run_of("run"))
    assert len(str(caught.value)) < 1000
    # To ask again would change nothing.
    assert len(server.received) == 1


def test_results_that_break_off_are_a_lost_answer(api: DbtCloudApi, server: ScriptedServer) -> None:
    entry = result("model.shop.a", "error", "x" * 5000)
    whole = results(*[entry] * 100)
    server.script(Reply(body=whole.body, cut=200_000))
    with pytest.raises(AnswerLostError, match="broke off after 200000 of"):
        summarize(api, run_of("run"))


@pytest.mark.parametrize(
    ("body", "nodes"),
    [
        (b"7", {}),
        (b"[]", {}),
        (b'{"results": null}', {}),
        (b'{"results": 7}', {}),
        (b'{"results": {"status": "error", "unique_id": "a"}}', {}),
        (b'{"results": [[{"status": "error", "unique_id": "a"}], "x", 7, null]}', {}),
        (b'{"results": [{}]}', {"None": 1}),
        (b'{"results": [{"status": 7, "unique_id": 1e400, "message": []}]}', {"7": 1}),
        (b'{"results": [{"status": "pass", "n": 123456789012345678901234567890}]}', {"pass": 1}),
        (b'{"results": [{"status": "pass", "n": -1.5e-7, "s": "\xff"}]}', {"pass": 1}),
        (b'{"a": {"results": [{"status": "pass"}]}, "results": [{"status": "warn"}]}', {"warn": 1}),
        (b'{"results": [{"status": {"status": "fail"}, "unique_id": "b"}]}', {"None": 1}),
        (
            b'{"results": [{"status": "pass", "d": ' + b"[" * DEEP + b"]" * DEEP + b"}]}",
            {"pass": 1},
        ),
    ],
)
def test_odd_results_are_summed_up(
    body: bytes, nodes: dict[str, int], api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(Reply(body=body))
    assert summarize(api, run_of("run"))["nodes"] == nodes


class Dripping:
    """A file that gives out a few bytes at once."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    def read(self, size: int = -1) -> bytes:
        piece, self._left = self._left[:7], self._left[7:]
        return piece


def test_a_huge_number_is_seen_however_it_comes() -> None:
    file: Any = Dripping(b'{"results": [{"n": ' + b"1" * 700 + b"}]}")
    with pytest.raises(UNREADABLE, match="more than 640 digits"):
        list(entries(file, "results", ("n",)))
