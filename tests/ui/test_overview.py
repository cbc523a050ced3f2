"""The overview: which pipelines there are, how they go, and what needs attention."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.ui.page import Page, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import MESSAGE, dbt_run, sync

UI = "airflow_provider_dbtsegment.ui"
NOW = datetime.now(timezone.utc).replace(microsecond=0)


@pytest.fixture(autouse=True)
def at_noon(airflow_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test takes so long that an age changes."""
    monkeypatch.setattr(f"{UI}.routes._now", lambda: NOW)


def write(
    rows: Rows,
    dag_id: str,
    *,
    days: int = 5,
    ago: timedelta = timedelta(hours=1),
    failed_last: int = 0,
    rejected: int = 0,
    paused: bool = False,
) -> None:
    """Write a pipeline that runs once a day, the last time so long ago."""
    rows.dag(dag_id, paused=paused)
    for day in range(days):
        began = NOW - ago - timedelta(days=days - 1 - day)
        is_failed = day >= days - failed_last
        run = rows.run(dag_id, f"day_{day}", due=began, state="failed" if is_failed else "success")
        summary = dbt_run(20, began=began, failed={4} if is_failed else ())
        state = "failed" if is_failed else "success"
        rows.task(run, "build", state=state, xcoms={"run_summary": summary})
        if not is_failed:
            error = "email is not valid" if rejected else ""
            told = sync(f"{dag_id}_to_crm", rejected=rejected, began=began, error=error)
            rows.sync(run, told)


def overview(ask: Any, query: str = "") -> Page:
    answer = ask("/dbtsegment/overview", params={"q": query} if query else None)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def test_a_pipeline_is_a_dag_that_uses_our_operators(ask: Any, rows: Rows) -> None:
    write(rows, "shop")
    rows.dag("nothing_of_ours")
    rows.task(rows.run("nothing_of_ours"), "t", operator="BashOperator", xcoms={"run_id": 1})
    rows.dag("failed_before_it_began")
    rows.task(rows.run("failed_before_it_began", state="failed"), "build", state="failed")
    lines = overview(ask).section("Pipelines").all("tr")
    shown = [one.attributes["data-dag"] for one in lines if "data-dag" in one.attributes]
    # to be looked at first
    assert shown == ["failed_before_it_began", "shop"]


def test_a_dag_whose_file_is_gone_is_no_pipeline(ask: Any, rows: Rows) -> None:
    rows.dag("gone", stale=True)
    rows.task(rows.run("gone", state="failed"), "build", state="failed")
    assert "use this package's operators" in overview(ask).section("No pipeline").text


def test_a_cleared_run_that_ended_last_tells_how_fresh_a_mapping_is(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    hours = (3, 49, 26)
    for day, ago in enumerate(hours):
        run = rows.run("shop", f"day_{day}", due=NOW - timedelta(days=9 - day))
        rows.sync(run, sync("to_crm", began=NOW - timedelta(hours=ago)))
    (line,) = overview(ask).section("Freshness").one("table").table()
    assert (line["Rows are"], line["Usually every"]) == ("2 h old", "23 h")


def test_without_pipelines_it_says_what_they_are(ask: Any, rows: Rows) -> None:
    assert "use this package's operators" in overview(ask).section("No pipeline").text


def test_the_last_runs_are_bars_and_a_table(ask: Any, rows: Rows) -> None:
    write(rows, "shop", days=24, failed_last=2)
    (line,) = (
        r for r in overview(ask).section("Pipelines").all("tr") if "data-dag" in r.attributes
    )
    picture = line.one("svg", class_="runs")
    assert picture.attributes["aria-label"] == "The last 20 runs, 2 of them failed"
    drawn = [one.all("rect")[1].attributes["class"] for one in picture.all("a")]
    assert drawn == ["success"] * 18 + ["failed"] * 2
    assert picture.all("a")[-1].attributes["href"] == "/dags/shop/runs/day_23/plugin/dbtsegment-run"
    (place,) = line.all(class_="remote")
    table = Page(ask(place.one("a").attributes["href"]).text).root.one("table").table()
    assert [row["State"] for row in table] == ["failed"] * 2 + ["success"] * 18


def test_what_needs_attention_stands_on_top_with_its_reason(ask: Any, rows: Rows) -> None:
    write(rows, "good")
    write(rows, "broken", days=8, failed_last=3)
    write(rows, "refuses", rejected=12)
    write(rows, "late", ago=timedelta(days=4))
    write(rows, "late_but_paused", ago=timedelta(days=4), paused=True)
    page = overview(ask)
    assert page.titles[0] == "Needs attention"
    items = page.section("Needs attention").one("ol").all("li")
    told = [(one.one("span", class_="badge").text, one.one("a").text) for one in items]
    assert told == [
        ("The last 3 runs failed", "broken"),
        ("sync_refuses_to_crm → hubspot", "refuses"),
        ("sync_broken_to_crm → hubspot", "broken"),
        ("sync_late_to_crm → hubspot", "late"),
    ]
    assert MESSAGE in items[0].text
    assert "12 of 154 rows rejected (8 %). email is not valid" in items[1].text
    assert "3 d old; usual is every 24 h" in items[3].text


def test_a_success_that_left_rows_behind_needs_attention(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    began = NOW - timedelta(hours=1)
    rows.sync(rows.run("shop", due=began), sync("m", rejected=2, status="SUCCESS", began=began))
    page = overview(ask)
    (item,) = page.section("Needs attention").one("ol").all("li")
    assert item.one("span", class_="badge").text == "sync_m → hubspot"
    assert "The last sync: success, rows rejected, 2 of 154 rows rejected (1 %)." in item.text
    (line,) = page.section("Freshness").one("tbody").all("tr")
    assert line.one("span", class_="badge").attributes["class"] == "badge warning"


def test_a_failure_that_the_task_accepts_is_shown_as_accepted(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    began = NOW - timedelta(hours=1)
    decision = "12 of 12 rows rejected, 12 known from before; no new rows."
    quiet = sync("m", added=12, updated=0, deleted=0, rejected=12, status="FAIL", began=began)
    rows.sync(rows.run("shop", due=began), {**quiet, "passed": True, "decision": decision})
    page = overview(ask)
    (item,) = page.section("Needs attention").one("ol").all("li")
    assert "The last sync: fail, accepted, 12 of 12 rows rejected (100 %)." in item.text
    (line,) = page.section("Freshness").one("tbody").all("tr")
    assert line.one("span", class_="badge").attributes["class"] == "badge warning"
    assert "never arrived" not in line.text
    broke = Page(ask(run_path("shop", "manual__1")).text).section("What broke").text
    assert f"The task accepts that: {decision}" in broke


def test_rows_rejected_before_a_run_that_failed_for_another_reason_are_told(
    ask: Any, rows: Rows
) -> None:
    write(rows, "shop", failed_last=1, rejected=7)
    items = overview(ask).section("Needs attention").one("ol").all("li")
    assert [one.one("span", class_="badge").text for one in items] == [
        "The last run failed",
        "sync_shop_to_crm → hubspot",
    ]
    assert "7 of 154 rows rejected" in items[1].text


def test_it_says_when_nothing_needs_attention(ask: Any, rows: Rows) -> None:
    write(rows, "good")
    card = overview(ask).section("Needs attention")
    assert card.all("li") == []
    assert "Nothing" in card.text


def test_a_mappings_freshness_counts_from_its_last_success(ask: Any, rows: Rows) -> None:
    write(rows, "shop", ago=timedelta(hours=3))
    write(rows, "broken", ago=timedelta(hours=3), failed_last=1)
    lines = overview(ask).section("Freshness").one("table").table()
    told = {line["Mapping"]: (line["Rows are"], line["Usually every"]) for line in lines}
    assert told == {
        "sync_shop_to_crm → hubspot ↗ shop_to_crm": ("2 h old", "24 h"),
        "sync_broken_to_crm → hubspot ↗ broken_to_crm": ("26 h old", "24 h"),
    }


def test_many_pipelines_are_searched_by_name(ask: Any, rows: Rows) -> None:
    for number in range(60):
        write(rows, f"pipeline_{number:03d}", days=1, ago=timedelta(minutes=number))
    page = overview(ask)
    shown = [r.attributes["data-dag"] for r in page.root.all("tr") if "data-dag" in r.attributes]
    assert shown == [f"pipeline_{number:03d}" for number in range(50)]
    assert "50 pipelines of 60" in page.root.one("header").text
    link = page.root.one("header").all("a")[-1].attributes["href"]
    second = Page(ask(link).text)
    shown = [r.attributes["data-dag"] for r in second.root.all("tr") if "data-dag" in r.attributes]
    assert shown == [f"pipeline_{number:03d}" for number in range(50, 60)]
    (found,) = (
        r
        for r in overview(ask, "LINE_05").root.all("tr")
        if r.attributes.get("data-dag") == "pipeline_057"
    )
    assert found.all("th")


def test_of_many_pipelines_those_to_look_at_come_first(ask: Any, rows: Rows) -> None:
    for number in range(51):
        write(rows, f"pipeline_{number:03d}", days=1, ago=timedelta(minutes=number))
    write(rows, "failed_long_ago", days=3, ago=timedelta(days=2), failed_last=1)
    write(rows, "late", ago=timedelta(days=4))
    write(rows, "late_but_paused", ago=timedelta(days=4), paused=True)
    page = overview(ask)
    shown = [r.attributes["data-dag"] for r in page.root.all("tr") if "data-dag" in r.attributes]
    assert shown[:3] == ["failed_long_ago", "late", "pipeline_000"]
    assert len(shown) == 50
    assert "late_but_paused" not in shown


def test_of_many_mappings_the_worst_come_first_with_their_whole_history(
    ask: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not all syncs are read at first, those that are shown are."""
    monkeypatch.setattr(f"{UI}.reading.pipelines.FIRST_LOOK", 12)
    monkeypatch.setattr(f"{UI}.pages.MAPPINGS", 2)
    rows.dag("shop")
    for day in range(4):
        began = NOW - timedelta(days=3 - day, hours=1)
        run = rows.run("shop", f"day_{day}", due=began)
        for number in range(5):
            failed = 9 if (number, day) == (3, 3) else 0
            rows.sync(run, sync(f"m{number}", rejected=failed, began=began))
    write(rows, "other")
    card = overview(ask).section("Freshness")
    lines = [row for row in card.all("tr") if "data-mapping" in row.attributes]
    assert [one.attributes["data-mapping"] for one in lines] == ["m3", "other_to_crm"]
    trend = lines[0].one("svg", class_="trend")
    assert trend.attributes["aria-label"].startswith("4 syncs")
    assert "And 4 more mappings" in card.text


def test_syncs_that_are_too_many_are_named(
    ask: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{UI}.reading.pipelines.FIRST_LOOK", 4)
    rows.dag("huge")
    run = rows.run("huge", due=NOW - timedelta(hours=1))
    for number in range(5):
        rows.sync(run, sync(f"m{number}"), task_id="sync", map_index=number)
    write(rows, "shop", days=1)
    page = overview(ask)
    assert [row["DAG"] for row in page.section("Freshness").one("table").table()] == ["shop"]
    assert "Too many mappings to be read here: huge (5)" in page.root.text
