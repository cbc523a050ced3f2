"""Whatever a text of dbt, Segment or a user holds, it is shown as text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.page import Page, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import dbt_run, sync

EVIL = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{7*7}}"


@pytest.fixture
def evil(rows: Rows) -> None:
    """A pipeline of which every text is a trap."""
    rows.dag("shop")
    for number, due_state in enumerate(("success", "failed")):
        run = rows.run("shop", f"<b>{number}</b>", state=due_state)
        summary = dbt_run(30, failed={3}, names={3: EVIL, 5: EVIL + "5"})
        summary |= {"project": EVIL, "job_name": EVIL, "status": EVIL}
        summary["failed_nodes"][0] |= {"message": EVIL, "path": EVIL, "step": EVIL}
        summary["timeline"]["threads"] = [EVIL + str(one) for one in range(8)]
        summary["timeline"]["statuses"] = ["success", "error", EVIL]
        for step in summary["steps"]:
            step["name"] = EVIL
        rows.task(run, EVIL[:30], state="failed", xcoms={"run_summary": summary, "run_id": EVIL})
        told = sync("m", rejected=3, error=EVIL) | {"subscription_id": EVIL, "status": EVIL}
        rows.sync(run, told, task_id="sync" + EVIL[:20])


def paths(page: Page) -> list[str]:
    return [
        one.attributes["href"]
        for one in page.root.all("a")
        if "/dbtsegment/" in one.attributes["href"]
    ]


def test_no_text_becomes_markup(ask: Any, evil: None) -> None:
    page = Page(ask(run_path("shop", "<b>1</b>")).text)
    overview = Page(ask("/dbtsegment/overview?q=").text)
    tables = [Page(ask(path).text) for path in [*paths(page), *paths(overview)]]
    assert len(tables) == 3
    for one in (page, overview, *tables):
        assert not one.root.all("img")
        assert not one.root.all("b", onerror="alert(2)")
        assert "alert(1)" not in [script.text for script in one.root.all("script")]
        assert "<img" not in one.html
        assert "<script>" not in one.html
        assert "49" not in [element.text for element in one.root.all()]
    shown = page.section("What broke").text
    assert EVIL in shown
    # what the script gets is what was there
    assert page.data[0]["nodes"][[n[0] for n in page.data[0]["nodes"]].index(EVIL)][0] == EVIL


def test_what_was_searched_for_is_shown_as_text(ask: Any, evil: None) -> None:
    page = Page(ask("/dbtsegment/overview", params={"q": EVIL}).text)
    assert page.root.one("input", id="q").attributes["value"] == EVIL


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//example.com/x",
        "https://cloud.getdbt.com@example.com/x",
        "https://[",
    ],
)
def test_a_link_leads_to_a_web_page_or_nowhere(url: str, ask: Any, rows: Rows) -> None:
    rows.dag("shop")
    run = rows.run("shop")
    rows.task(run, "build", xcoms={"run_url": url, "run_summary": dbt_run() | {"run_url": url}})
    rows.sync(run, sync("m") | {"sync_url": url})
    page = Page(ask(run_path("shop", "manual__1")).text)
    assert page.root.all("a", data_outside="") == []
    assert "example.com" not in page.html
    assert "alert" not in page.html
