"""XComs that are old, foreign or broken: what can be shown is shown, and no page fails."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from tests.ui.page import Page, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import dbt_run, sync

ODD: list[Any] = [
    10**400,
    None,
    "",
    "text",
    0,
    -1,
    1e300,
    True,
    [],
    {},
    [None],
    {"a": []},
    "2026-13-99",
    "NaN",
]


def page_of(ask: Any) -> Page:
    answer = ask(run_path("shop", "manual__1"))
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


@pytest.mark.parametrize("value", [*ODD, "[1", '{"a": 1}', "s3://bucket/xcom/key"], ids=repr)
def test_a_summary_that_is_none_leaves_the_rest(value: Any, ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    rows.task(run, "build", xcoms={"run_summary": value})
    rows.task(
        run,
        "sync",
        operator="CreateReverseETLManualSyncOperator",
        xcoms={"sync_summary": value},
    )
    rows.sync(run, sync("good", added=77))
    page = page_of(ask)
    (good,) = (r for r in page.root.all("tr") if r.attributes.get("data-mapping") == "good")
    assert good.one("span", data_count="added").text == "77"
    assert ask("/dbtsegment/overview").status_code == 200


def test_a_summary_of_an_older_version_shows_what_it_has(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop", state="failed")
    summary = dbt_run(40, failed={8})
    old = {
        key: summary[key]
        for key in ("run_id", "run_url", "job_id", "status", "duration", "nodes", "resources")
    }
    old["steps"] = [{"name": step["name"], "status": step["status"]} for step in summary["steps"]]
    old["failed_nodes"] = [
        {key: value for key, value in one.items() if key != "node"}
        for one in summary["failed_nodes"]
    ]
    rows.task(run, "build", state="failed", xcoms={"run_summary": old})
    new = sync("good", added=77)
    rows.task(
        run,
        "sync_good",
        operator="CreateReverseETLManualSyncOperator",
        xcoms={"sync_summary": {k: v for k, v in new.items() if not k.endswith(("_at", "url"))}},
    )
    page = page_of(ask)
    assert page.section("What broke").all("h3")[0].text.startswith("model model_0008")
    assert "Slowest nodes" not in page.titles
    assert "77" in page.section("Rows into tools").text
    assert ask("/dbtsegment/nodes/shop/build/-1/manual__1").status_code == 200


def test_a_failed_node_is_known_by_its_place_though_others_cannot_be_read(
    ask: Any, rows: Rows
) -> None:
    rows.dag("shop")
    summary = dbt_run(40, failed={20}, skipped_for=2)
    nodes, failed = summary["timeline"]["nodes"], summary["failed_nodes"][0]
    place = failed["node"]
    assert place > 3
    nodes[0], nodes[2] = None, ["", 0, 0]
    rows.task(rows.run("shop", state="failed"), "build", xcoms={"run_summary": summary})
    page = page_of(ask)
    assert "2 nodes were skipped for it" in page.section("What broke").text
    (group,) = page.data
    assert list(group["messages"]) == [str(place - 2)]
    assert group["nodes"][place - 2][0] == failed["name"]
    (mark,) = page.section("Timeline").all("a", class_="mark")
    assert mark.attributes["data-node"] == str(place - 2)


def test_a_summary_that_airflow_wrapped_or_wrote_as_text_is_read(ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    rows.task(run, "build", xcoms={"run_summary": json.dumps(dbt_run(30))})
    told = sync("good", added=77)
    wrapped = {"__classname__": "some.Class", "__version__": 1, "__data__": told}
    rows.task(
        run,
        "sync_good",
        operator="CreateReverseETLManualSyncOperator",
        xcoms={"sync_summary": wrapped},
    )
    page = page_of(ask)
    assert len(page.data[0]["nodes"]) == 30
    assert "77" in page.section("Rows into tools").text


@pytest.mark.parametrize("seed", range(40))
def test_no_value_in_the_place_of_another_breaks_a_page(seed: int, ask: Any, rows: Rows) -> None:
    chance = random.Random(seed)  # noqa: S311 (no secrets)

    def spoil(value: Any) -> Any:
        if chance.random() < 0.04:
            return chance.choice(ODD)
        if isinstance(value, dict):
            return {k: spoil(v) for k, v in value.items() if chance.random() > 0.02}
        return [spoil(one) for one in value] if isinstance(value, list) else value

    rows.dag("shop")
    good_run, good_sync = dbt_run(25, failed={3, 8}), sync("m", rejected=3)
    for number in range(3):
        run = rows.run("shop", f"manual__{number}", state=chance.choice(["success", "failed"]))
        bad_run, bad_sync = spoil(copy.deepcopy(good_run)), spoil(copy.deepcopy(good_sync))
        rows.task(run, "build", state="failed", xcoms={"run_summary": bad_run})
        rows.task(run, "sync_m", operator="ReverseETLSyncSensor", xcoms={"sync_summary": bad_sync})
    for path in (
        run_path("shop", "manual__1"),
        "/dbtsegment/overview",
        "/dbtsegment/nodes/shop/build/-1/manual__1",
        "/dbtsegment/trend/shop/manual__2",
    ):
        answer = ask(path)
        assert answer.status_code == 200, path
        Page(answer.text)
