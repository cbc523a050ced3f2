"""When the nodes of a run ran, which of them decided how long it took, and what was skipped why."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, summary, timeline
from airflow_provider_dbtsegment.dbt_cloud.graphs import PAUSE, Graphs
from airflow_provider_dbtsegment.dbt_cloud.summary import summarize
from airflow_provider_dbtsegment.triggers.finishing import can_be_stored
from tests.dbt_cloud.left_behind import LeftBehind, graph_summary, ran, results, run_of, skipped
from tests.launched_service import Clock
from tests.scripted_server import Reply, serving

A, B, C, T = "model.shop.a", "model.shop.b", "model.shop.c", "test.shop.unique_a.1a2b"


@pytest.fixture
def server() -> Iterator[LeftBehind]:
    with serving(LeftBehind()) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def nothing_known(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own."""
    monkeypatch.setattr(summary, "graphs", Graphs(clock))


def timeline_of(api: DbtCloudApi, run: Any) -> Any:
    return json.loads(json.dumps(summarize(api, run)["timeline"], allow_nan=False))


def names(found: Any, places: list[int]) -> list[str]:
    return [found["nodes"][place][0] for place in places]


def test_a_timeline_tells_who_ran_when_and_how_long(api: DbtCloudApi, server: LeftBehind) -> None:
    server.leave("run_results.json", results(ran(A, 0, 2.5), ran(T, 2.5, 0.25, 2, "pass")))
    server.leave("run_results.json", results(ran(B, 10, 4.0004, 12)), step=2)
    whole = summarize(api, run_of("build", "run"))
    assert (whole["started_at"], whole["finished_at"]) == (
        "2026-01-01T11:59:58+00:00",
        "2026-01-01T12:01:10+00:00",
    )
    assert whole["steps"][1] == {
        "index": 2,
        "name": "Invoke dbt with `dbt run`",
        "status": "success",
        "started_at": "2026-01-01T11:59:59+00:00",
        "finished_at": "2026-01-01T12:01:00+00:00",
    }
    assert whole["timeline"] == {
        # The run began two seconds before its first node.
        "began": "2026-01-01T11:59:58+00:00",
        "threads": ["Thread-1", "Thread-2", "Thread-12"],
        "statuses": ["success", "pass"],
        "types": ["model", "test"],
        "nodes": [
            ["a", 0, 0, 2.0, 2.5, 0, 0],
            ["unique_a", 1, 1, 4.5, 0.25, 1, 0],
            ["b", 0, 0, 12.0, 4.0, 2, 1],
        ],
        "critical_path": None,
        "skipped": [],
        "more_nodes": 0,
    }


def test_what_was_skipped_waited_for_what_failed(api: DbtCloudApi, server: LeftBehind) -> None:
    outcomes = [ran(A, 0, 1), ran(T, 1, 1, status="fail"), skipped(B), skipped(C)]
    server.leave("run_results.json", results(*outcomes))
    edges = {A: [T, B], T: [B], B: ["ephemeral"], "ephemeral": [C], C: []}
    server.leave("graph_summary.json", graph_summary(edges, "with_test_edges"))
    whole = summarize(api, run_of("build"))
    found: Any = whole["timeline"]
    assert [names(found, pair) for pair in found["skipped"]] == [
        ["b", "unique_a"],
        ["c", "unique_a"],
    ]
    # Skipped after the test had failed, on no thread, in no time.
    assert found["nodes"][2:] == [["b", 0, 2, 4.0, 0, None, 0], ["c", 0, 2, 4.0, 0, None, 0]]
    assert whole["failed_nodes"][0]["node"] == 1


@pytest.mark.parametrize("document", ["graph_summary.json", "manifest.json"])
def test_the_critical_path_is_the_longest_chain(
    document: str, api: DbtCloudApi, server: LeftBehind
) -> None:
    outcomes = [ran(A, 0, 3), ran(B, 0, 1, 2), ran(T, 3, 1), ran(C, 4, 2)]
    server.leave("run_results.json", results(*outcomes))
    if document == "graph_summary.json":
        edges = {A: [T, C], B: [C], T: [C], C: []}
        server.leave(document, graph_summary(edges, "with_test_edges"))
    else:
        needs: dict[str, list[str]] = {A: [], B: [], T: [A], C: [A, B, "source.shop.raw"]}
        nodes = {name: {"depends_on": {"macros": ["m"], "nodes": needs[name]}} for name in needs}
        server.leave(document, {"metadata": {"nodes": {}}, "nodes": nodes})
    found = timeline_of(api, run_of("build"))
    assert names(found, found["critical_path"]) == ["a", "unique_a", "c"]


def test_models_wait_for_tests_only_where_both_are_built(
    api: DbtCloudApi, server: LeftBehind
) -> None:
    server.leave("run_results.json", results(ran(A, 0, 3), ran(C, 3, 2)))
    server.leave("run_results.json", results(ran(T, 9, 1)), step=2)
    needs: dict[str, list[str]] = {A: [], T: [A], C: [A]}
    nodes = {name: {"depends_on": {"nodes": needs[name]}} for name in needs}
    server.leave("manifest.json", {"nodes": nodes}, step=2)
    found = timeline_of(api, run_of("run", "test"))
    assert names(found, found["critical_path"]) == ["a", "c"]


def test_a_project_is_read_once_for_all_runs_of_its_state(
    api: DbtCloudApi, server: LeftBehind
) -> None:
    server.leave("run_results.json", results(ran(A, 0, 3), ran(B, 3, 1)))
    server.leave("graph_summary.json", graph_summary({A: [B], B: []}))
    for run_id in range(3):
        assert timeline_of(api, run_of("run", id=run_id))["critical_path"] == [0, 1]
    assert server.asked().count("graph_summary.json") == 1
    for changed in ({"git_sha": "def"}, {"job_definition_id": 10}, {"dbt_version": "2.0"}):
        timeline_of(api, run_of("run", **changed))
        assert server.asked().count("graph_summary.json") == 1, changed
    # Nobody knows of what state these are.
    for run_id in range(2):
        timeline_of(api, run_of("run", id=run_id, git_sha=None))
    assert server.asked().count("graph_summary.json") == 2


def test_a_project_that_tells_nothing_is_left_alone_for_a_while(
    api: DbtCloudApi, server: LeftBehind, clock: Clock
) -> None:
    server.leave("run_results.json", results(ran(A, 0, 3), ran(B, 3, 1)))
    for run_id in range(3):
        run = run_of("build", id=run_id, git_sha=None)
        assert timeline_of(api, run)["critical_path"] is None
    assert sorted(server.asked()) == [
        "graph_summary.json",
        "manifest.json",
        *["run_results.json"] * 3,
    ]
    clock.now += PAUSE
    server.leave("graph_summary.json", graph_summary({A: [B], B: []}))
    assert timeline_of(api, run_of("build"))["critical_path"] == [0, 1]


def test_while_one_reads_the_others_go_without(api: DbtCloudApi, server: LeftBehind) -> None:
    server.leave("run_results.json", results(ran(A, 0, 3), ran(B, 3, 1)))
    body = json.dumps(graph_summary({A: [B], B: []}))
    server.leave("graph_summary.json", Reply(body=body, delay=1.0))
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(timeline_of(api, run_of("run"))))
    first.start()
    while "graph_summary.json" not in [one.path.split("?")[0][-18:] for one in server.received]:
        assert first.is_alive()
    assert timeline_of(api, run_of("run"))["critical_path"] is None
    assert first.is_alive()
    first.join()
    assert found[0]["critical_path"] == [0, 1]


@pytest.mark.parametrize(
    "given",
    [
        Reply(500),
        Reply(drop="reset"),
        b"no JSON",
        b"[]",
        b'{"linked": 7}',
        b'{"linked": {"0": {"name": 7, "succ": [0, "x", {}, null, 1e400]}}}',
        b'{"linked": {"0": {"succ": {"succ": [1]}}, "1": {"name": "model.shop.b"}}}',
        b'{"linked": {"0": {"succ": 5, "succ": [1]}, "1": []}}',
        b'{"linked": {"0": ' + b"[" * 50_000,
        b'{"linked": {"0": {"name": "model.shop.b", "succ": [' + b"9" * 5000 + b"]}}}",
    ],
    ids=lambda given: str(getattr(given, "status", given))[:40],
)
def test_an_odd_graph_costs_nothing_but_the_critical_path(
    given: Any, api: DbtCloudApi, server: LeftBehind
) -> None:
    server.leave("run_results.json", results(ran(A, 0, 3), ran(B, 3, 1)))
    server.leave("graph_summary.json", given)
    found = timeline_of(api, run_of("run"))
    assert found["critical_path"] in (None, [0])
    assert len(found["nodes"]) == 2


def test_a_graph_that_comes_too_slowly_is_given_up(
    api: DbtCloudApi, server: LeftBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_dbtsegment.dbt_cloud import graph_reader

    monkeypatch.setattr(graph_reader, "PATIENCE", 0.3)
    server.leave("run_results.json", results(ran(A, 0, 3), ran(B, 3, 1)))
    body = json.dumps(graph_summary({A: [B], B: []}))
    for late in (Reply(body=body, delay=2.0), Reply(body=body, drip=0.05)):
        server.leave("graph_summary.json", late)
        monkeypatch.setattr(summary, "graphs", Graphs())
        assert timeline_of(api, run_of("run"))["critical_path"] is None


NASTY: list[Any] = [None, True, -1, 10**30, 1e308, "", "nan", "x" * 5000, "\x00\x1b[31m", [], {}]
NASTY += ["\ud800", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", ["2026"], {"status": "x"}]


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: repr(nasty)[:30])
@pytest.mark.parametrize(
    "field", ["timing", "execution_time", "thread_id", "status", "unique_id", "started_at"]
)
def test_a_result_with_something_odd_in_it_can_be_stored(
    field: str, nasty: Any, api: DbtCloudApi, server: LeftBehind
) -> None:
    odd = ran(B, 3, 1)
    if field == "started_at":
        odd["timing"][0]["started_at"] = nasty
    else:
        odd[field] = nasty
    server.leave("run_results.json", results(ran(A, 0, 3), odd))
    whole = summarize(api, run_of("run"))
    assert can_be_stored({"run_summary": whole})
    assert whole["timeline"] is not None
    nodes = whole["timeline"]["nodes"]
    assert "a" in [node[0] for node in nodes]
    # A time that makes no sense moves nobody out of the picture.
    assert max(node[3] for node in nodes) < 10
    assert len(json.dumps(whole)) < 5000


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 400, b"-1", b"1e9"])
def test_a_number_that_is_none_is_no_time(
    number: bytes, api: DbtCloudApi, server: LeftBehind
) -> None:
    entry = b'{"unique_id": "model.shop.a", "status": "success", "execution_time": ' + number + b"}"
    server.leave("run_results.json", b'{"results": [' + entry + b"]}")
    whole = summarize(api, run_of("run"))
    assert can_be_stored({"run_summary": whole})
    assert whole["timeline"] is not None
    assert whole["timeline"]["nodes"] == [["a", 0, 0, 0.0, 0.0, None, 0]]


def test_of_too_many_nodes_the_telling_ones_are_kept(
    api: DbtCloudApi, server: LeftBehind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_NODES", 3)
    many = [ran(f"model.shop.quick{n}", n, 0.1) for n in range(5)]
    telling = [ran(A, 9, 5), ran(B, 9, 0.01, status="error"), skipped(C)]
    server.leave("run_results.json", results(*many, *telling))
    server.leave("graph_summary.json", graph_summary({A: [], B: [C], C: []}))
    found = timeline_of(api, run_of("run"))
    assert {node[0] for node in found["nodes"]} == {"a", "b", "c"}
    assert found["more_nodes"] == 5
    assert [names(found, pair) for pair in found["skipped"]] == [["c", "b"]]


def test_two_thousand_nodes_fit_into_an_xcom(api: DbtCloudApi, server: LeftBehind) -> None:
    models = [ran(f"model.shop.stg_orders_of_{n:04}", n, 1.234, n % 8) for n in range(500)]
    tests = [
        ran(f"test.shop.not_null_stg_orders_of_{n:04}_id.{n:010x}", n, 0.123, n % 8, "pass")
        for n in range(1500)
    ]
    server.leave("run_results.json", results(*models, *tests))
    assert len(json.dumps(summarize(api, run_of("build"))["timeline"])) < 150_000
