"""Who may not see a run does not, and what others have named things is text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.demo.scenarios import BUILD, DAG_ID
from tests.browser.bed import Bed
from tests.browser.test_run_page import open_tab
from tests.browser.window import Window

OpenWindow = Callable[..., Window]
SMALL = (900, 500)


@pytest.mark.screenshots
@pytest.mark.parametrize(("user", "status"), [(None, 401), ("ulf", 403)])
def test_others_are_turned_away(
    user: str | None, status: int, bed: Bed, open_window: OpenWindow
) -> None:
    run_id = bed.run("happy")
    path = f"/dbtsegment/run/{DAG_ID}/{run_id}"
    answer = bed.get(path, user)
    assert answer.status_code == status
    window = open_window(user, size=SMALL)
    page = window.open(path)
    window.picture(f"turned-away-{status}")
    assert page.locator("h1").inner_text().startswith(str(status))
    assert "customers" not in page.content()


@pytest.mark.screenshots
def test_a_model_named_like_a_script_is_text(bed: Bed, open_window: OpenWindow) -> None:
    name = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
    run_id = bed.run("broken-model", again=True)
    path = f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{BUILD}/xcomEntries/run_summary"
    summary = bed.api().xcom(DAG_ID, run_id, BUILD, "run_summary")
    summary["failed_nodes"][0]["name"] = name
    summary["failed_nodes"][0]["message"] = name
    for node in summary["timeline"]["nodes"]:
        node[0] += name
    bed.api().request("PATCH", path, json={"value": summary})
    window = open_window("vic")
    frame = open_tab(window, run_id)
    assert name in frame.locator(".broken h3").first.inner_text()
    frame.locator("a.mark").click()
    assert name in frame.locator("#detail").inner_text()
    window.picture("run-script")
    frame.locator("summary", has_text="All ").first.click()
    assert name in frame.locator("table.nodes tbody").inner_text()
    assert frame.evaluate("document.title") != "run"
    assert frame.locator("img").count() == 0
    assert [one for one in window.complaints if "Content Security" in one] == []
