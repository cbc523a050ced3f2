"""The bed itself: who is let in, and what is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.demo.scenarios import DAG_ID
from tests.browser.bed import Bed
from tests.browser.window import WIDE, Window

OpenWindow = Callable[..., Window]


def test_somebody_logs_in_by_airflows_own_page(bed: Bed, open_window: OpenWindow) -> None:
    window = open_window(None)
    page = window.open("/dags")
    page.get_by_label("Username").fill("vic")
    page.get_by_label("Password").fill(bed.password("vic"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=DAG_ID, exact=True).first.wait_for()
    assert all(bed.password("vic") not in url for url in window.requests)


@pytest.mark.parametrize(("user", "sees"), [("admin", True), ("vic", True), ("ulf", False)])
def test_a_hidden_dag_is_seen_by_others_alone(
    user: str, sees: bool, bed: Bed, open_window: OpenWindow
) -> None:
    page = open_window(user).open("/dags")
    page.get_by_role("link", name="other_pipeline", exact=True).first.wait_for()
    assert page.get_by_role("link", name=DAG_ID, exact=True).count() == int(sees)
    listed = {dag["dag_id"] for dag in bed.api(user).get("/dags")["dags"]}
    assert "other_pipeline" in listed
    assert (DAG_ID in listed) == sees
    assert bed.get(f"/api/v2/dags/{DAG_ID}", user).status_code == (200 if sees else 403)


def test_nobody_sees_nothing(bed: Bed) -> None:
    assert bed.get(f"/api/v2/dags/{DAG_ID}").status_code == 401


@pytest.mark.parametrize("dark", [False, True])
def test_a_window_has_a_theme_and_a_size(dark: bool, open_window: OpenWindow) -> None:
    window = open_window("vic", dark=dark, size=WIDE)
    page = window.open("/dags")
    page.get_by_role("link", name=DAG_ID, exact=True).first.wait_for()
    assert page.evaluate("document.documentElement.className") == ("dark" if dark else "light")
    assert page.evaluate("[innerWidth, innerHeight]") == list(WIDE)
    assert window.picture("dags").stat().st_size > 10_000


def test_a_request_that_would_leave_the_machine_is_noticed(open_window: OpenWindow) -> None:
    window = open_window("vic")
    page = window.open("/dags")
    page.evaluate("fetch('http://127.0.0.1:9/elsewhere').catch(() => null)")
    assert window.outside == ["http://127.0.0.1:9/elsewhere"]
    window.requests.clear()
