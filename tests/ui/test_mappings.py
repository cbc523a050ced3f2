"""A mapping is called by the task and the tool, and counts once, whoever tells of its sync."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.ui.page import Element, Page, bars, run_path, task_path
from tests.ui.rows import Rows, Run
from tests.ui.summaries import BEGAN, page_of, sync

STARTER, SENSOR = "CreateReverseETLManualSyncOperator", "ReverseETLSyncSensor"
ABOVE = "https://app.segment.com/goto-my-workspace/reverse-etl"


def page(ask: Any, path: str = run_path("shop", "manual__1")) -> Page:
    answer = ask(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


def funnel(ask: Any, **about: Any) -> list[Element]:
    rows = page(ask, **about).section("Rows into tools").all("tr")
    return [row for row in rows if "data-mapping" in row.attributes]


def before(rows: Rows, *, days: int = 3, task_id: str = "sync_customers", **about: Any) -> Run:
    """Write days on which the mapping was synced, and return the run of the day after."""
    rows.dag("shop")
    for day in range(days):
        began = BEGAN + timedelta(days=day)
        run = rows.run("shop", f"day_{day}", due=began)
        rows.sync(run, sync("4kQx9", began=began, **about), task_id=task_id)
    return rows.run("shop", state="running", due=BEGAN + timedelta(days=days), took=None)


@pytest.mark.parametrize(
    ("known", "url", "task", "title", "key"),
    [
        ("4kQx9", page_of("4kQx9", "hubspot"), ("sync_it", -1), "sync_it → hubspot", "4kQx9"),
        ("", page_of("4kQx9", "sales%20force"), ("sync_it", -1), "sync_it → sales force", "4kQx9"),
        ("4kQx9", ABOVE, ("sync_it", 3), "sync_it [3]", "4kQx9"),
        ("", ABOVE, ("sync_it", 3), "sync_it [3]", "sync_it [3]"),
        ("", "", ("sync_it", -1), "sync_it", "sync_it"),
    ],
)
def test_a_mapping_is_called_by_what_is_known(
    known: str,
    url: str,
    task: tuple[str, int],
    title: str,
    key: str,
    airflow_settings: None,
) -> None:
    from airflow_provider_dbtsegment.ui.reading.mappings import name_mapping

    name = name_mapping(known, url, task)
    assert (name.title, name.key) == (title, key)


def test_everywhere_a_mapping_is_the_task_and_the_tool_beside_its_id(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    began = datetime.now(timezone.utc) - timedelta(hours=1)
    run = rows.run("shop", state="failed", due=began)
    told = sync("4kQx9", rejected=3, tool="zendesk", began=began)
    rows.sync(run, told, task_id="sync_orders", state="failed")
    whole = "sync_orders → zendesk"
    found = page(ask)
    (row,) = (r for r in found.root.all("tr") if "data-mapping" in r.attributes)
    assert row.one("th").text == f"{whole} ↗ 4kQx9"
    (cause,) = found.section("What broke").all("h3")
    assert cause.text == f"{whole}: partial success 3 of 154 rows rejected (2 %) · 4kQx9"
    (place,) = found.section("Rows into tools").all(class_="remote")
    (line,) = page(ask, place.one("a").attributes["href"]).root.one("table").table()
    assert line["Mapping"] == f"{whole} 4kQx9"
    overview = page(ask, "/dbtsegment/overview")
    (line,) = overview.section("Freshness").one("table").table()
    assert line["Mapping"] == f"{whole} ↗ 4kQx9"
    assert whole in overview.section("Needs attention").text


def test_a_mapped_sync_is_called_by_what_airflow_shows_of_it(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    for index in range(2):
        rows.sync(run, sync(f"m{index}"), task_id="sync", map_index=index)
    assert [row.one("th").text for row in funnel(ask)] == [
        "sync [0] → hubspot ↗ m0",
        "sync [1] → hubspot ↗ m1",
    ]


@pytest.mark.parametrize("url", [page_of("4kQx9", "hubspot"), ABOVE, None])
def test_the_trend_stays_while_a_sync_goes_on(url: str | None, ask: Any, rows: Rows) -> None:
    run = before(rows)
    xcoms = {"sync_id": "s9"} | ({"sync_url": url} if url else {})
    about = {"operator": STARTER, "state": "deferred", "took": None}
    rows.task(run, "sync_customers", xcoms=xcoms, **about)
    (row,) = funnel(ask)
    assert "The sync goes on." in row.text
    assert row.one("th").text.split(" ↗ ")[-1].endswith("4kQx9")
    assert "sync_customers → hubspot" in row.one("th").text
    assert bars(row.one("path", class_="delivered").attributes["d"]) == 3
    # also on the page of the task alone
    (row,) = funnel(ask, path=task_path("shop", "manual__1", "sync_customers"))
    assert bars(row.one("path", class_="delivered").attributes["d"]) == 3


def test_a_task_that_synced_several_mappings_has_no_trend_before_it_tells_which(
    ask: Any, rows: Rows
) -> None:
    run = before(rows, days=2)
    other = rows.run("shop", "other", due=BEGAN + timedelta(hours=2))
    rows.sync(other, sync("another"), task_id="sync_customers")
    about = {"operator": STARTER, "state": "running", "took": None}
    rows.task(run, "sync_customers", xcoms={"sync_id": "s9"}, **about)
    (row,) = funnel(ask)
    assert row.all("svg", class_="trend") == []
    assert row.one("th").text == "sync_customers"


def start_and_wait(rows: Rows, run: Run, *, subscription: bool, **about: Any) -> dict[str, Any]:
    """Write a task that starts a sync without waiting, and a sensor that waits for it."""
    told = sync("4kQx9", **about)
    url = told["sync_url"]
    if not subscription:
        told |= {"subscription_id": None, "sync_url": ABOVE}
    started = {"sync_id": told["sync_id"], "sync_url": url}
    rows.task(run, "start_sync", operator=STARTER, xcoms=started)
    left = {"sync_id": told["sync_id"], "sync_url": told["sync_url"], "sync_summary": told}
    rows.task(run, "wait_for_sync", operator=SENSOR, xcoms=left)
    return told


@pytest.mark.parametrize("subscription", [True, False])
def test_a_start_and_a_sensor_on_it_are_one_mapping(
    subscription: bool, ask: Any, rows: Rows
) -> None:
    rows.dag("shop")
    for day in range(3):
        began = BEGAN + timedelta(days=day)
        run = rows.run("shop", f"day_{day}", due=began)
        start_and_wait(rows, run, subscription=subscription, began=began)
    path = run_path("shop", "day_2")
    (row,) = funnel(ask, path=path)
    assert row.one("span", data_count="delivered").text == "154"
    assert row.one("th").text == "wait_for_sync → hubspot ↗ 4kQx9"
    assert bars(row.one("path", class_="delivered").attributes["d"]) == 3
    (tile,) = page(ask, path).root.all("li", class_="tile")
    assert "1 mapping 154 rows delivered" in tile.text
    assert len(page(ask, "/dbtsegment/overview").section("Freshness").one("tbody").all("tr")) == 1


def test_two_sensors_on_a_sync_count_its_rows_once(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", state="failed")
    told = start_and_wait(rows, run, subscription=True, rejected=4)
    left = {"sync_id": told["sync_id"], "sync_summary": told | {"subscription_id": None}}
    rows.task(run, "wait_too", operator=SENSOR, state="failed", xcoms=left)
    found = page(ask)
    (tile,) = found.root.all("li", class_="tile")
    assert "150 rows delivered" in tile.text
    assert len(found.section("What broke").all("li")) == 1
    table = page(ask, "/dbtsegment/trend/shop/manual__1").root.one("table").table()
    assert [line["Delivered"] for line in table] == ["150"]


def test_a_start_whose_end_nobody_waits_for_says_so(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    xcoms = {"sync_id": "s9", "sync_url": page_of("4kQx9", "hubspot")}
    rows.task(rows.run("shop"), "start_sync", operator=STARTER, xcoms=xcoms)
    (row,) = funnel(ask)
    assert "Sync s9 was started; the task did not wait for its end." in row.text
    assert row.one("th").text == "start_sync → hubspot ↗ 4kQx9"
