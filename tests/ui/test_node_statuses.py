"""Pages know the statuses of nodes as summaries and logs do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow_provider_dbtsegment.ui import words
from tests.ui.page import Page, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import BEGAN, dbt_run


def build(rows: Rows, day: int, names: dict[str, str], **about: Any) -> None:
    """Write a run of dbt in which statuses are called otherwise."""
    summary = dbt_run(nodes=20, began=BEGAN + timedelta(days=day), seed=day, **about)

    def renamed(counts: dict[str, int]) -> dict[str, int]:
        return {names.get(status, status): number for status, number in counts.items()}

    timeline = summary["timeline"]
    timeline["statuses"] = [names.get(status, status) for status in timeline["statuses"]]
    summary["nodes"] = renamed(summary["nodes"])
    summary["resources"] = {kind: renamed(one) for kind, one in summary["resources"].items()}
    for node in summary["failed_nodes"]:
        node["status"] = names.get(node["status"], node["status"])
    state = "failed" if about.get("failed") else "success"
    run = rows.run("shop", f"day_{day}", due=BEGAN + timedelta(days=day), state=state)
    rows.task(run, "build", state=state, xcoms={"run_id": day, "run_summary": summary})


def page_of(ask: Any, day: int) -> Page:
    return Page(ask(run_path("shop", f"day_{day}")).text)


def test_a_partial_success_of_a_model_is_a_failure(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    build(rows, 0, {"error": "partial success"}, failed=[4], skipped_for=0)
    page = page_of(ask, 0)
    assert page.section("Timeline").all("a", class_="failed")
    counts = page.root.one("p", class_="counts")
    assert "1 partial success" in counts.text
    assert "model model_0004_of_the_shop" in page.root.text


def test_the_time_of_what_was_reused_is_not_what_a_node_usually_takes(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    build(rows, 0, {"success": "reused"})
    build(rows, 1, {})
    slowest = page_of(ask, 1).root.one("section", aria_label="Slowest nodes of build")
    assert {line["Usually"] for line in slowest.one("table").table()} == {words.NONE}
    reused = page_of(ask, 0).section("Timeline")
    assert {one.attributes["class"].split()[-1] for one in reused.all("path", class_="many")} == {
        "success0",
        "success1",
        "critical",
    }
