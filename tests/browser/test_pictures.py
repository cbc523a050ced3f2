"""The pictures of the pages that the README and docs/ui.md show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.demo.scenarios import DAG_ID
from tests.browser.bed import Bed
from tests.browser.large import DAG_ID as LARGE
from tests.browser.large import make_runs
from tests.browser.test_run_page import open_tab
from tests.browser.window import WIDE, Window

pytestmark = pytest.mark.screenshots
OpenWindow = Callable[..., Window]
TALL = (1280, 1500)


@pytest.fixture(scope="module")
def large(bed: Bed) -> str:
    """The last run of a large pipeline."""
    return make_runs(bed)[-1]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("scenario", ["happy", "broken-model", "bad-rows"])
def test_a_run(scenario: str, dark: bool, bed: Bed, open_window: OpenWindow) -> None:
    window = open_window("vic", dark=dark, size=TALL)
    frame = open_tab(window, bed.run(scenario))
    if scenario == "broken-model":
        frame.locator("a.mark").click()
    name = {"broken-model": "run-broken", "bad-rows": "run-refused"}.get(scenario, "run")
    assert window.picture(f"{name}{'-dark' if dark else ''}").exists()


@pytest.mark.parametrize("dark", [False, True])
def test_a_large_run(dark: bool, large: str, open_window: OpenWindow) -> None:
    window = open_window("vic", dark=dark, size=WIDE)
    frame = open_tab(window, large, LARGE)
    frame.locator("a.mark").first.click()
    assert window.picture(f"run-large{'-dark' if dark else ''}").exists()


@pytest.mark.parametrize("dark", [False, True])
def test_the_overview(dark: bool, large: str, bed: Bed, open_window: OpenWindow) -> None:
    for scenario in ("bad-rows", "happy", "broken-model"):
        bed.run(scenario)
    assert DAG_ID in bed.get("/dbtsegment/overview", "vic").text
    window = open_window("vic", dark=dark, size=TALL)
    window.open("/plugin/dbtsegment")
    window.frame("dbtsegment/overview").wait_for_selector("html[data-ready]")
    assert window.picture(f"overview{'-dark' if dark else ''}").exists()
