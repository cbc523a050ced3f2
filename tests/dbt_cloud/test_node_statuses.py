"""One table says what dbt's statuses mean: for summaries, logs and pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_dbtsegment.dbt_cloud import summary
from airflow_provider_dbtsegment.dbt_cloud.graphs import Graphs
from airflow_provider_dbtsegment.dbt_cloud.report import report, why_failed
from airflow_provider_dbtsegment.dbt_cloud.summary import MAX_KINDS, OTHERS, summarize
from airflow_provider_dbtsegment.outcomes import node_status
from airflow_provider_dbtsegment.texts import WIDTH
from airflow_provider_dbtsegment.ui.pictures import tones
from airflow_provider_dbtsegment.ui.reading.dbt_run import read_dbt_run
from tests.dbt_cloud.left_behind import LeftBehind, graph_summary, ran, results, run_of, skipped
from tests.dbt_cloud.test_report import api_at
from tests.scripted_server import serving

FAILURES = ("error", "fail", "runtime error", "partial success")
OTHER_STATUSES = {
    "warn": "warning",
    "skipped": "skipped",
    **dict.fromkeys(("success", "pass", "created", "no-op", "reused"), "success"),
    "exploded": "other",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeftBehind]:
    monkeypatch.setattr(summary, "graphs", Graphs())
    with serving(LeftBehind()) as server:
        yield server


@pytest.mark.parametrize("status", FAILURES)
def test_a_failure_is_counted_and_named_with_its_message(status: str, server: LeftBehind) -> None:
    broken = ran("model.shop.events_by_day", 0, 5, status=status, message="PARTIAL SUCCESS (29/30)")
    ended = [broken, ran("model.shop.other", 1, 2, status="error"), skipped("model.shop.report")]
    server.leave("run_results.json", results(*ended))
    server.leave(
        "graph_summary.json",
        graph_summary({"model.shop.events_by_day": ["model.shop.report"], "model.shop.report": []}),
    )
    run = run_of("build", status=20)
    told = summarize(api_at(server), run)
    assert [one["name"] for one in told["failed_nodes"]] == ["events_by_day", "other"]
    reason = why_failed(run, told)
    assert "2 models failed, 1 skipped:" in reason
    assert f"- model events_by_day ({status}): PARTIAL SUCCESS (29/30)" in reason
    assert told["timeline"] is not None
    # What waited for it was skipped for its sake.
    (pair,) = told["timeline"]["skipped"]
    assert pair[1] == told["failed_nodes"][0]["node"]
    page = read_dbt_run(told)
    assert page is not None
    assert page.failed_nodes == 2
    assert tones.of_node(status) == "failed"


@pytest.mark.parametrize(("status", "tone"), OTHER_STATUSES.items())
def test_everything_else_is_no_failure(status: str, tone: str, server: LeftBehind) -> None:
    server.leave("run_results.json", results(ran("model.shop.a", 0, 5, status=status)))
    told = summarize(api_at(server), run_of("build"))
    assert (told["nodes"], told["failed_nodes"]) == ({status: 1}, [])
    assert tones.of_node(status) == tone
    assert node_status(status).is_failure is False


@pytest.mark.parametrize("text", ["Partial Success", "partial_success", "PARTIAL-SUCCESS"])
def test_a_status_may_be_written_in_another_way(text: str, server: LeftBehind) -> None:
    server.leave("run_results.json", results(ran("model.shop.a", 0, 5, status=text)))
    told = summarize(api_at(server), run_of("build", status=20))
    assert told["nodes"] == {"partial success": 1}
    assert len(told["failed_nodes"]) == 1
    assert tones.of_node(text) == "failed"


def test_the_time_of_what_was_not_run_is_not_usual() -> None:
    not_run = {status for status in (*FAILURES, *OTHER_STATUSES) if not node_status(status).ran}
    assert not_run == {"skipped", "no-op", "reused"}


def test_a_table_shows_failures_first_and_all_of_them(server: LeftBehind) -> None:
    statuses = [*OTHER_STATUSES, *FAILURES, "a", "b"]
    ended = [ran(f"model.shop.m{n}", n, 0.1, status=status) for n, status in enumerate(statuses)]
    server.leave("run_results.json", results(*ended))
    told = summarize(api_at(server), run_of("build", status=20))
    lines = report(told).splitlines()
    head = next(line for line in lines if line.startswith("nodes"))
    assert head.split("  ") == ["nodes", *FAILURES, "exploded", "a", "b", "all"]
    assert lines[lines.index(head) + 1].split() == ["model", *["1"] * 7, "14"]
    left_out = (
        "Left out: 7 statuses: warn 1, skipped 1, success 1, pass 1, created 1, no-op 1, reuse"
    )
    assert lines[lines.index(head) + 2].startswith(left_out)


def test_thousands_of_statuses_hide_no_failure(server: LeftBehind) -> None:
    ended = [ran(f"kind{n}.shop.m{n}", n, 0.1, status=f"odd {n}") for n in range(3000)]
    ended += [ran(f"model.shop.m{n}", n, 0.1, status="success") for n in range(3000)]
    ended += [ran("model.shop.last", 1, 0.1, status="partial success")]
    server.leave("run_results.json", results(*ended))
    told = summarize(api_at(server), run_of("build", status=20))
    assert len(told["nodes"]) == MAX_KINDS + 1
    assert sum(told["nodes"].values()) == 6001
    assert told["nodes"][OTHERS] == 6001 - MAX_KINDS
    assert next(iter(told["nodes"])) == "partial success"
    assert next(iter(told["resources"].items())) == (
        "model",
        {"partial success": 1, "success": 3000},
    )
    said = report(told)
    assert "partial success" in said
    assert "Left out: 44 statuses: " in said
    assert max(map(len, said.splitlines())) <= WIDTH
