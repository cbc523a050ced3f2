"""The table of all nodes holds every number of the timeline."""

from __future__ import annotations

from typing import Any

from tests.ui.page import Page, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import dbt_run


def write(rows: Rows, **about: Any) -> dict[str, Any]:
    rows.dag("shop")
    summary = dbt_run(**about)
    rows.task(rows.run("shop"), "build", xcoms={"run_summary": summary})
    return summary


def table(ask: Any, path: str) -> list[dict[str, str]]:
    answer = ask(path)
    assert answer.status_code == 200
    return Page(answer.text).root.one("table").table()


def test_it_is_reached_from_the_page_and_has_all_nodes_in_their_order(ask: Any, rows: Rows) -> None:
    summary = write(rows, nodes=120)
    page = Page(ask(run_path("shop", "manual__1")).text)
    (place,) = page.section("Timeline").all(class_="remote")
    assert place.one("summary").text == "All 120 nodes of build as a table"
    lines = table(ask, place.one("a").attributes["href"])
    timeline = summary["timeline"]
    assert [(line["Node"], line["Type"], line["Status"], line["Thread"]) for line in lines] == [
        (
            node[0],
            timeline["types"][node[1]],
            timeline["statuses"][node[2]],
            timeline["threads"][node[5]],
        )
        for node in timeline["nodes"]
    ]
    assert {line["Step"] for line in lines} == {"Invoke dbt with `dbt build`"}


def test_it_is_read_a_page_at_a_time(ask: Any, rows: Rows) -> None:
    summary = write(rows, nodes=450)
    path = "/dbtsegment/nodes/shop/build/-1/manual__1"
    pages = [table(ask, f"{path}?page={number}") for number in (1, 2, 3)]
    assert [len(one) for one in pages] == [200, 200, 50]
    names = [line["Node"] for one in pages for line in one]
    assert names == [node[0] for node in summary["timeline"]["nodes"]]
    assert table(ask, f"{path}?page=99") == pages[2]
    assert ask(f"{path}?page=0").status_code == 422


def test_it_is_sorted_and_narrowed_as_asked(ask: Any, rows: Rows) -> None:
    write(rows, nodes=100, failed={12, 40}, skipped_for=4)
    path = "/dbtsegment/nodes/shop/build/-1/manual__1"
    took = [float(line["Took"].split()[0]) for line in table(ask, f"{path}?sort=took")[:50]]
    assert took == sorted(took, reverse=True)
    failed = table(ask, f"{path}?tone=failed")
    wanted = {"model_0012_of_the_shop", "model_0040_of_the_shop"}
    assert {line["Node"] for line in failed} == wanted
    skipped = table(ask, f"{path}?tone=skipped")
    assert len(skipped) == 8
    assert {line["Remarks"] for line in skipped} == {
        f"waited for {line['Node']}" for line in failed
    }
    assert table(ask, f"{path}?sort=nonsense") == table(ask, path)


def test_a_script_gets_the_table_alone(ask: Any, rows: Rows) -> None:
    write(rows)
    path = "/dbtsegment/nodes/shop/build/-1/manual__1"
    assert "<head>" in ask(path).text
    assert "<head>" not in ask(f"{path}?part=1").text
    assert table(ask, f"{path}?part=1") == table(ask, path)
