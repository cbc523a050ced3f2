"""The page of a DAG run says what the summaries say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_dbtsegment.ui import words
from tests.ui import summaries
from tests.ui.page import Page, bars, run_path, task_path
from tests.ui.rows import Rows
from tests.ui.summaries import BEGAN, dbt_run, sync


def page_of(ask: Any, path: str) -> Page:
    answer = ask(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def mappings_of(page: Page) -> list[str]:
    rows = page.root.all("tr")
    return [one.attributes["data-mapping"] for one in rows if "data-mapping" in one.attributes]


def pipeline(rows: Rows, run_id: str = "manual__1", *, days: int = 0, **about: Any) -> Any:
    """Write a run that built and synced two mappings."""
    began = BEGAN + timedelta(days=days)
    run = rows.run("shop", run_id, due=began, state="failed" if about.get("failed") else "success")
    summary = dbt_run(began=began, seed=days, **about)
    rows.task(run, "build", xcoms={"run_id": summary["run_id"], "run_summary": summary})
    later = began + timedelta(minutes=10)
    rows.sync(run, sync("customers_to_crm", added=200 + days, began=later))
    rows.sync(run, sync("orders_to_desk", rejected=12, began=later, error="email is not valid"))
    return summary


def test_the_timeline_draws_each_node_once_on_its_thread(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    summary = pipeline(rows, nodes=60)
    page = page_of(ask, run_path("shop", "manual__1"))
    card = page.section("Timeline")
    drawn = [path for path in card.all("path") if "critical" not in path.attributes["class"]]
    assert sum(bars(path.attributes["d"]) for path in drawn) == 60
    labels = [one.all("span")[0].text for one in card.one("ol", class_="labels").all("li")]
    assert labels[:9] == ["build", *summary["timeline"]["threads"]]
    assert labels[9:] == ["sync_customers_to_crm", "sync_orders_to_desk"]
    (group,) = page.data
    told = summary["timeline"]["nodes"]
    assert [node[0] for node in group["nodes"]] == [node[0] for node in told]
    # dbt's nodes count from the first of them, the axis from the beginning of the run
    assert [node[3] for node in group["nodes"]] == [round(10 + node[3], 3) for node in told]
    assert [node[4] for node in group["nodes"]] == [node[4] for node in told]
    lanes = group["lanes"]
    assert [lanes[str(node[5])] for node in group["nodes"]] == [
        summary["timeline"]["threads"][node[5]] for node in told
    ]


def test_extract_and_load_stand_on_the_axis_of_the_nodes(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    pipeline(rows)
    table = page_of(ask, run_path("shop", "manual__1")).section("Timeline").all("details")[0]
    told = [tuple(row.values()) for row in table.one("table").table()]
    # the sync began ten minutes after dbt did, its phases 2 and 31 seconds after that
    assert ("sync_customers_to_crm", "extract, 234 rows", "10 min 02 s", "28.0 s") in told
    assert ("sync_customers_to_crm", "load, 234 rows", "10 min 31 s", "1 min 03 s") in told
    assert ("build", "Invoke dbt with `dbt deps`", "5.00 s", "5.00 s") in told


def test_a_failed_node_is_red_reachable_and_said_first(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    pipeline(rows, nodes=40, failed={8}, skipped_for=3)
    page = page_of(ask, run_path("shop", "manual__1"))
    assert page.titles.index("What broke") < page.titles.index("Timeline")
    first = page.section("What broke").one("ol").all("li")[0]
    assert first.one("h3").text == "model model_0008_of_the_shop models/8.sql"
    assert first.one("p", class_="message").text == summaries.MESSAGE
    assert "3 nodes were skipped for it" in first.text
    (mark,) = page.section("Timeline").all("a", class_="mark")
    assert "failed" in mark.attributes["class"].split()
    assert mark.attributes["aria-label"].startswith("model model_0008_of_the_shop: error after")
    (group,) = page.data
    node = int(mark.attributes["data-node"])
    assert group["nodes"][node][0] == "model_0008_of_the_shop"
    assert group["messages"][str(node)] == ["models/8.sql", summaries.MESSAGE]


def test_what_was_skipped_names_what_it_waited_for(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", state="failed")
    rows.task(run, "build", state="failed", xcoms={"run_summary": dbt_run(40, failed={8})})
    rows.task(
        run,
        "sync_it",
        operator="CreateReverseETLManualSyncOperator",
        state="upstream_failed",
        took=None,
    )
    card = page_of(ask, run_path("shop", "manual__1")).section("What was skipped")
    (line,) = card.one("table").table()
    assert line["Because of"] == "model model_0008_of_the_shop error"
    assert line["Skipped"] == "3"
    assert set(line["Which"].split(", ")) == {
        "not_null_0039_of_the_shop",
        "model_0038_of_the_shop",
        "model_0037_of_the_shop",
    }
    assert "sync_it (something before it failed)" in card.text


def test_a_mapping_without_a_sync_counts_no_rows(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", state="failed")
    about = {"operator": "ReverseETLSyncSensor", "state": "upstream_failed"}
    rows.task(run, "sync_it", **about)
    page = page_of(ask, run_path("shop", "manual__1"))
    (tile,) = page.root.all("li", class_="tile")
    assert tile.text == "1 mapping no sync has ended"
    assert "No sync was started." in page.section("Rows into tools").text


def test_the_funnel_says_what_each_sync_delivered(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    pipeline(rows)
    card = page_of(ask, run_path("shop", "manual__1")).section("Rows into tools")
    table = card.one("table", class_="funnel")
    counts = {
        row.attributes["data-mapping"]: {
            cell.attributes["data-count"]: cell.text
            for cell in row.all("span")
            if "data-count" in cell.attributes
        }
        for row in table.one("tbody").all("tr")
    }
    rest = {"updated": "30", "deleted": "4"}
    assert counts == {
        "customers_to_crm": {"added": "200", "delivered": "234", "rejected": "0", **rest},
        "orders_to_desk": {"added": "120", "delivered": "142", "rejected": "12", **rest},
    }
    # to be looked at first
    assert list(counts) == ["orders_to_desk", "customers_to_crm"]
    foot = [cell.text for cell in table.one("tfoot").all("td")]
    assert foot[1:4] == ["320", "60", "8"]
    assert foot[5:7] == ["376 97 %", "12 3 %"]


def test_the_picture_of_a_mapping_has_the_shares_of_its_numbers(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    pipeline(rows)
    card = page_of(ask, run_path("shop", "manual__1")).section("Rows into tools")
    picture = card.all("svg", class_="slices")[0]
    widths = {
        one.attributes["class"]: float(one.attributes["width"]) for one in picture.all("rect")
    }
    wanted = {"added": 120, "updated": 30, "deleted": 4, "delivered": 142, "rejected": 12}
    assert widths == {name: round(100 * rows_ / 154, 2) for name, rows_ in wanted.items()}


def test_the_trend_goes_over_the_last_twenty_runs_up_to_the_shown_one(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    for day in range(25):
        pipeline(rows, f"day_{day}", days=day)
    card = page_of(ask, run_path("shop", "day_22")).section("Rows into tools")
    of_customers = next(
        row for row in card.all("tr") if row.attributes.get("data-mapping") == "customers_to_crm"
    )
    picture = of_customers.one("svg", class_="trend")
    assert bars(picture.one("path", class_="delivered").attributes["d"]) == 20
    assert picture.attributes["aria-label"].startswith(
        "20 syncs: 237 rows delivered in the first, 256 in the last"
    )
    link = card.all(class_="remote")[0].one("a").attributes["href"]
    table = page_of(ask, link).root.one("table").table()
    told = [line for line in table if line["Mapping"].endswith(" customers_to_crm")]
    assert [line["Added"] for line in told] == [str(200 + day) for day in range(22, 2, -1)]


def test_the_critical_path_is_drawn_and_listed(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    summary = pipeline(rows, nodes=60)
    page = page_of(ask, run_path("shop", "manual__1"))
    card = next(
        one
        for one in page.root.all("section")
        if "Critical" in one.attributes.get("aria-label", "")
    )
    nodes = summary["timeline"]["nodes"]
    wanted = [nodes[place] for place in summary["timeline"]["critical_path"]]
    table = card.one("table").table()
    assert [line["Node"] for line in table] == [node[0] for node in wanted]
    assert len(card.one("svg").all("rect")) == 1 + len(wanted)
    marked = page.section("Timeline").all("path", class_="critical")
    assert sum(bars(one.attributes["d"]) for one in marked) == len(wanted)


def test_a_node_that_takes_far_longer_than_usual_stands_out(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    for day in range(6):
        pipeline(rows, f"day_{day}", days=day, nodes=60, slow={20: 9.0} if day == 5 else None)
    card = page_of(ask, run_path("shop", "day_5")).root.one(
        "section", aria_label="Slowest nodes of build"
    )
    table = card.one("table").table()
    (slow,) = (line for line in table if line["Node"] == "model_0020_of_the_shop")
    assert slow["Change"].startswith("▲")
    assert float(slow["Took"].removesuffix(" s")) > 5 * float(slow["Usually"].removesuffix(" s"))
    others = [line for line in table if line is not slow]
    assert not any(line["Change"].startswith("▲") for line in others)
    # what was usual on the first day nobody knows
    first = page_of(ask, run_path("shop", "day_0")).root.one(
        "section", aria_label="Slowest nodes of build"
    )
    assert {line["Usually"] for line in first.one("table").table()} == {words.NONE}


def test_the_page_of_a_task_shows_that_task_alone(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    pipeline(rows)
    page = page_of(ask, task_path("shop", "manual__1", "sync_orders_to_desk"))
    assert "Slowest nodes" not in page.titles
    assert mappings_of(page) == ["orders_to_desk"]


@pytest.mark.parametrize("page", ["task", "nodes"])
def test_of_one_task_alone_is_read_what_is_shown(
    page: str, ask: Any, rows: Rows, statements: Callable[[], list[str]]
) -> None:
    """What the other tasks have left may be large."""
    rows.dag("shop")
    for day in range(3):
        pipeline(rows, f"day_{day}", days=day)
    began = len(statements())
    page_of(ask, f"/dbtsegment/{page}/shop/build/-1/day_2")
    asked = [one for one in statements()[began:] if "FROM xcom" in one]
    assert asked
    assert all("xcom.task_id IN" in one for one in asked)


def test_a_mapped_task_is_known_by_its_index(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    for index in range(3):
        rows.sync(run, sync(f"mapping_{index}"), task_id="sync", map_index=index)
    page = page_of(ask, task_path("shop", "manual__1", "sync", "1"))
    (row,) = (row for row in page.root.all("tr") if "data-mapping" in row.attributes)
    assert row.attributes["data-mapping"] == "mapping_1"
    assert row.one("th").one("a", data_inside="").attributes["href"] == (
        "/dags/shop/runs/manual__1/tasks/sync/mapped/1"
    )


def test_a_run_that_goes_on_shows_what_is_known(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", state="running", took=None)
    url = "https://cloud.getdbt.com/deploy/1/projects/2/runs/9"
    rows.task(run, "build", state="deferred", took=None, xcoms={"run_id": 9, "run_url": url})
    page = page_of(ask, run_path("shop", "manual__1"))
    assert page.root.one("body").attributes["data-refresh"] == "10"
    (tile,) = page.root.all("li", class_="tile")
    assert "deferred" in tile.text
    assert tile.one("a", data_outside="").attributes["href"] == url
    assert page.section("Timeline").one("rect", class_="bar").attributes["class"] == "bar deferred"


def test_a_run_without_tasks_of_ours_says_so(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    rows.task(run, "other", operator="BashOperator", xcoms={"run_url": "https://example.com"})
    assert "Nothing of dbt Cloud or Segment here" in page_of(ask, run_path("shop", run.run_id)).html


def test_a_task_that_failed_before_it_began_leads_to_its_log(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", "manual__2026-01-01T00:00:00+00:00", state="failed")
    rows.task(run, "build", state="failed", took=3.0)
    card = page_of(ask, run_path("shop", run.run_id)).section("What broke")
    assert card.one("h3").text == "task build: failed"
    assert card.one("a", data_inside="").attributes["href"] == (
        "/dags/shop/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/build"
    )


def test_what_is_not_there_is_not_found(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    for path in (
        "run/shop/none",
        "task/shop/build/-1/none",
        "nodes/shop/build/-1/none",
        "trend/shop/none",
    ):
        answer = ask(f"/dbtsegment/{path}")
        assert (answer.status_code, Page(answer.text).root.one("h1").text) == (404, "404 Not Found")
