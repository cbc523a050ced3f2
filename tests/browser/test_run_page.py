"""The run's page in a real Airflow: what it says, and how it looks and works."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import duckdb
import pytest

from airflow_provider_dbtsegment.demo.deliveries import compare, records
from airflow_provider_dbtsegment.demo.scenarios import BUILD, DAG_ID, SYNCS
from airflow_provider_dbtsegment.sandbox.segment.catalog import slug
from tests.browser.bed import Bed
from tests.browser.window import WIDE, Window

OpenWindow = Callable[..., Window]
TAB = "dbt → Segment"


def open_tab(window: Window, run_id: str, dag_id: str = DAG_ID) -> Any:
    """Open a DAG run in Airflow, go to our tab, and return the page in it."""
    page = window.open(f"/dags/{dag_id}/runs/{quote(run_id)}")
    page.locator("a[href$='/plugin/dbtsegment-run']", has_text=TAB).click()
    frame = window.frame("dbtsegment/run")
    frame.wait_for_selector("html[data-ready]")
    return frame


def counts(frame: Any) -> dict[str, dict[str, int]]:
    """Return the funnel's numbers by mapping."""
    told = {}
    for row in frame.locator("table.funnel tr[data-mapping]").all():
        told[str(row.get_attribute("data-mapping"))] = {
            str(cell.get_attribute("data-count")): int(re.sub(r"\D", "", cell.inner_text()))
            for cell in row.locator("[data-count]").all()
        }
    return told


def arrived(bed: Bed, sync_id: str, mapping_id: str) -> dict[str, int]:
    """Return what the destination of a mapping holds of a sync, counted by operation."""
    config = bed.sandbox.config["segment"]
    (mapping,) = (one for one in config["mappings"] if one["id"] == mapping_id)
    (target,) = (one for one in config["destinations"] if one["id"] == mapping["destination"])
    file = bed.sandbox.state / target["path"]
    taken = [one for one in records(file, mapping_id) if one["sync_id"] == sync_id]
    refused_file = file.with_name(f"{file.name}.refused.jsonl")
    refused = [one for one in records(refused_file, mapping_id) if one["sync_id"] == sync_id]
    both = [one["operation"] for one in (*taken, *refused)]
    told = {operation: both.count(operation) for operation in ("added", "updated", "deleted")}
    return told | {"delivered": len(taken), "rejected": len(refused)}


def tool(bed: Bed, mapping_id: str) -> str:
    """Return what Segment calls the destination of a mapping in the addresses of its pages."""
    config = bed.sandbox.config["segment"]
    (mapping,) = (one for one in config["mappings"] if one["id"] == mapping_id)
    (target,) = (one for one in config["destinations"] if one["id"] == mapping["destination"])
    return slug(target["name"])


@pytest.mark.parametrize("scenario", ["bad-rows", "happy"])
def test_the_funnel_says_what_the_destinations_hold(
    scenario: str, bed: Bed, open_window: OpenWindow
) -> None:
    run_id = bed.run(scenario)
    ids = {
        mapping: bed.api().xcom(DAG_ID, run_id, task, "sync_id") for task, mapping in SYNCS.items()
    }
    frame = open_tab(open_window("vic"), run_id)
    assert counts(frame) == {
        mapping: arrived(bed, sync_id, mapping) for mapping, sync_id in ids.items()
    }
    # which tool it is
    for task, mapping in SYNCS.items():
        head = frame.locator(f"table.funnel tr[data-mapping='{mapping}'] th").inner_text()
        assert f"{task} → {tool(bed, mapping)}" in head
        assert mapping in head


def test_what_the_last_runs_delivered_is_what_duckdb_holds(
    bed: Bed, open_window: OpenWindow
) -> None:
    """The page says what is in the destinations' files, and those hold the queries' rows."""
    run_id = bed.run("happy", again=True)
    frame = open_tab(open_window("vic"), run_id)
    frame.locator("summary", has_text="The last runs of every mapping").click()
    table = frame.locator("[data-remote*='/trend/'] table")
    table.wait_for()
    tasks = {mapping: task for task, mapping in SYNCS.items()}
    lines = table.locator("tbody tr").all()
    assert len(lines) >= len(tasks)
    for line in lines:
        mapping = str(line.get_attribute("data-mapping"))
        of = unquote(str(line.locator("a").get_attribute("href"))).split("/")[4]
        sync_id = bed.api().xcom(DAG_ID, of, tasks[mapping], "sync_id")
        told = [int(re.sub(r"\D", "", cell)) for cell in line.locator("td").all_inner_texts()[2:]]
        assert told == list(arrived(bed, sync_id, mapping).values())
    ids = {m: bed.api().xcom(DAG_ID, run_id, task, "sync_id") for m, task in tasks.items()}
    config, state = bed.sandbox.config["segment"], bed.sandbox.state
    for delivery in compare(state, config, bed.sandbox.warehouse, ids):
        assert delivery.expected > 0
        assert delivery.differences == []


def test_the_timeline_shows_what_dbt_built(bed: Bed, open_window: OpenWindow) -> None:
    run_id = bed.run("happy")
    frame = open_tab(open_window("vic"), run_id)
    (group,) = frame.evaluate("JSON.parse(document.getElementById('nodes').textContent)")
    texts = group["texts"]
    nodes = {(texts[node[1]], node[0]): node for node in group["nodes"]}
    models = {name.lower() for kind, name in nodes if kind in ("model", "seed")}
    with duckdb.connect(str(bed.sandbox.warehouse), read_only=True) as connection:
        query = "select lower(table_name) from information_schema.tables"
        built = {name for (name,) in connection.execute(query).fetchall()}
    assert models
    assert models <= built
    summary = bed.api().xcom(DAG_ID, run_id, BUILD, "run_summary")
    assert len(nodes) == sum(summary["nodes"].values())
    assert {texts[node[2]] for node in nodes.values()} == set(summary["nodes"])
    # the table of all nodes says the same
    frame.locator("summary", has_text="as a table").locator("visible=true").nth(1).click()
    table = frame.locator("table.nodes")
    table.wait_for()
    listed = [
        (cells[0], row.locator("th").inner_text())
        for row in table.locator("tbody tr").all()
        if (cells := row.locator("td").all_inner_texts())
    ]
    assert sorted(listed) == sorted(nodes)
    # dbt before the syncs, and their extract before their load
    frame.locator("summary", has_text="Steps, phases").click()
    rows = [
        [cell.inner_text() for cell in row.locator("td").all()]
        for row in frame.locator("details:has-text('Steps, phases') tbody tr").all()
    ]
    for task in SYNCS:
        assert [row[1].split(",")[0] for row in rows if row[0] == task] == ["extract", "load"]


def test_the_failing_model_is_red_and_says_why(bed: Bed, open_window: OpenWindow) -> None:
    run_id = bed.run("broken-model")
    (failed,) = bed.api().xcom(DAG_ID, run_id, BUILD, "run_summary")["failed_nodes"]
    frame = open_tab(open_window("vic"), run_id)
    first = frame.locator(".broken li").first
    assert failed["name"] in first.locator("h3").inner_text()
    assert failed["message"] in first.inner_text()
    mark = frame.locator("a.mark")
    assert mark.count() == 1
    red = frame.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--failed')")
    assert red == frame.evaluate(
        "getComputedStyle(parent.document.documentElement)"
        ".getPropertyValue('--chakra-colors-failed-solid').trim()"
    )
    fill = "getComputedStyle(document.querySelector('a.mark rect')).fill"
    probe = "(() => { const i = document.createElement('i'); i.className = 'failed';"
    probe += " document.body.append(i); const c = getComputedStyle(i).backgroundColor;"
    probe += " i.remove(); return c })()"
    assert frame.evaluate(fill) == frame.evaluate(probe)
    detail = frame.locator("#detail")
    assert detail.is_hidden()
    mark.hover()
    order = "getComputedStyle(document.querySelector('a.mark rect')).paintOrder"
    # what marks it goes around the red
    assert frame.evaluate(order) == "stroke"
    mark.focus()
    frame.page.keyboard.press("Enter")
    assert failed["message"] in detail.inner_text()
    assert failed["name"] in detail.inner_text()
    line = "getComputedStyle(document.getElementById('detail')).borderLeftColor"
    assert frame.evaluate(line) == frame.evaluate(probe)
    skipped = frame.locator("section", has_text="What was skipped")
    assert failed["name"] in skipped.last.inner_text()
    assert "sync_customers" in skipped.last.inner_text()


def test_the_timeline_is_walked_with_the_keyboard(bed: Bed, open_window: OpenWindow) -> None:
    frame = open_tab(open_window("vic"), bed.run("happy"))
    plot, detail = frame.locator(".plot"), frame.locator("#detail")
    plot.focus()
    frame.page.keyboard.press("ArrowRight")
    first = detail.inner_text()
    frame.page.keyboard.press("ArrowRight")
    assert detail.inner_text() != first
    frame.page.keyboard.press("ArrowLeft")
    assert detail.inner_text() == first
    whole = frame.locator("svg.bars").get_attribute("viewBox")
    frame.page.keyboard.press("+")
    assert frame.locator("svg.bars").get_attribute("viewBox") != whole
    frame.page.keyboard.press("0")
    assert frame.locator("svg.bars").get_attribute("viewBox") == whole


def test_a_table_that_cannot_be_read_is_asked_for_again(bed: Bed, open_window: OpenWindow) -> None:
    """With the keyboard alone; a screen reader reads the alert."""
    window = open_window("vic")
    frame = open_tab(window, bed.run("happy"))
    keys = window.page.keyboard
    # One route for all of it: while there is none, a request may get through.
    answers: list[Callable[[Any], Any]] = [
        lambda route: route.continue_(),
        lambda route: route.fulfill(status=503),
        lambda route: route.abort(),
    ]
    window.page.route("**/dbtsegment/trend/**", lambda route: answers.pop()(route))
    summary = frame.locator("summary", has_text="The last runs of every mapping")
    summary.focus()
    keys.press("Enter")
    place = frame.locator("[data-remote*='/trend/']")
    place.get_by_role("alert").filter(has_text="This table cannot be read").wait_for()
    keys.press("Tab")
    again = place.get_by_role("button", name="Try again")
    assert again.evaluate("e => e === document.activeElement")
    # in vain once more: who asks stays where they are
    keys.press("Enter")
    place.get_by_role("alert").filter(has_text="503").wait_for()
    assert again.evaluate("e => e === document.activeElement")
    keys.press("Enter")
    place.locator("table").wait_for()
    assert place.get_by_role("alert").count() == 0
    assert place.evaluate("e => e.contains(document.activeElement)")
    # it is not asked for a third time when it is opened again
    before = len(window.requests)
    for _ in range(2):
        summary.focus()
        keys.press("Enter")
    assert place.locator("table").is_visible()
    assert window.requests[before:] == []


def test_a_table_that_could_not_be_read_is_read_when_it_is_opened_again(
    bed: Bed, open_window: OpenWindow
) -> None:
    window = open_window("vic")
    frame = open_tab(window, bed.run("happy"))
    window.page.route("**/dbtsegment/trend/**", lambda route: route.abort())
    summary = frame.locator("summary", has_text="The last runs of every mapping")
    summary.click()
    place = frame.locator("[data-remote*='/trend/']")
    place.get_by_role("alert").wait_for()
    summary.click()
    window.page.unroute("**/dbtsegment/trend/**")
    summary.click()
    place.locator("table").wait_for()


def test_a_link_moves_airflow_itself(bed: Bed, open_window: OpenWindow) -> None:
    window = open_window("vic")
    frame = open_tab(window, bed.run("broken-model"))
    frame.locator(".broken a", has_text="log of").first.click()
    window.page.wait_for_url(f"**/tasks/{BUILD}**")
    # where there is no room for all tabs, Airflow puts the last ones into a menu
    tab = window.page.locator("a[href$='/plugin/dbtsegment-task']").first
    tab.wait_for(state="attached")
    assert str(tab.text_content()).strip() == TAB
    tab.dispatch_event("click")
    frame = window.frame("dbtsegment/task")
    frame.wait_for_selector("html[data-ready]")
    assert frame.locator("h1").inner_text().strip() == BUILD
    assert frame.locator(".timeline").count() == 1


def test_the_theme_is_airflows_also_when_it_changes(bed: Bed, open_window: OpenWindow) -> None:
    window = open_window("vic", dark=True)
    frame = open_tab(window, bed.run("happy"))
    background = "getComputedStyle(document.body).backgroundColor"
    dark = frame.evaluate(background)
    assert frame.evaluate("document.documentElement.classList.contains('dark')")
    window.page.evaluate("document.documentElement.classList.replace('dark', 'light')")
    frame.wait_for_function("!document.documentElement.classList.contains('dark')")
    assert frame.evaluate(background) != dark
    font = frame.evaluate("getComputedStyle(document.body).fontFamily")
    assert font == window.page.evaluate("getComputedStyle(document.body).fontFamily")


@pytest.mark.parametrize("size", [(1280, 800), WIDE])
def test_nothing_is_wider_than_the_window(
    size: tuple[int, int], bed: Bed, open_window: OpenWindow
) -> None:
    frame = open_tab(open_window("vic", size=size), bed.run("broken-model"))
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
