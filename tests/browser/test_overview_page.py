"""The overview in Airflow's navigation."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_dbtsegment.demo.scenarios import DAG_ID
from tests.browser.bed import Bed
from tests.browser.window import Window

OpenWindow = Callable[..., Window]


def test_it_is_in_the_navigation_and_leads_to_runs(bed: Bed, open_window: OpenWindow) -> None:
    run_id = bed.run("broken-model", again=True)
    window = open_window("vic")
    page = window.open("/dags")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="dbt → Segment").click()
    frame = window.frame("dbtsegment/overview")
    frame.wait_for_selector("html[data-ready]")
    first = frame.locator("ol.attention li").first
    assert "last run failed" in first.inner_text() or "runs failed" in first.inner_text()
    first.get_by_role("link", name=DAG_ID).click()
    page.wait_for_url(f"**/dags/{DAG_ID}/runs/**/plugin/dbtsegment-run")
    assert run_id.replace("+", "%2B").replace(":", "%3A") in page.url or run_id in page.url
    assert window.frame("dbtsegment/run").wait_for_selector(".broken")


def test_everybody_sees_their_own_pipelines(bed: Bed, open_window: OpenWindow) -> None:
    bed.run("happy")
    bed.run_dag("other_pipeline")
    for user, sees in (("vic", {DAG_ID, "other_pipeline"}), ("ulf", {"other_pipeline"})):
        frame = open_window(user).open("/dbtsegment/overview")
        shown = frame.locator("tr[data-dag]").evaluate_all("all => all.map(e => e.dataset.dag)")
        assert sees <= set(shown)
        assert (DAG_ID in shown) == (DAG_ID in sees)
