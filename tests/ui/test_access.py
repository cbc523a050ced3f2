"""Who sees what; and what every answer has in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.ui.conftest import HIDDEN, login
from tests.ui.page import Page
from tests.ui.rows import Rows
from tests.ui.summaries import BEGAN, dbt_run, sync

PATHS = [
    f"/dbtsegment/run/{HIDDEN}/manual__1",
    f"/dbtsegment/task/{HIDDEN}/build/%7BMAP_INDEX%7D/manual__1",
    f"/dbtsegment/nodes/{HIDDEN}/build/-1/manual__1",
    f"/dbtsegment/trend/{HIDDEN}/manual__1",
    f"/dbtsegment/runs/{HIDDEN}",
]
OPEN = ["/dbtsegment/overview", "/dbtsegment/static/pages.css"]


@pytest.fixture
def pipelines(rows: Rows) -> None:
    """A pipeline that is kept from ulf, and one that is not."""
    for dag_id in (HIDDEN, "for_everybody"):
        rows.dag(dag_id)
        run = rows.run(dag_id)
        rows.task(run, "build", xcoms={"run_summary": dbt_run()})
        rows.sync(run, sync(f"mapping_of_{dag_id}"))


@pytest.mark.parametrize("path", PATHS + OPEN)
def test_nobody_sees_nothing(path: str, ask: Any, pipelines: None) -> None:
    answer = ask(path, None)
    assert answer.status_code == 401
    assert HIDDEN not in answer.text
    assert "log in" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_who_may_not_see_a_dag_sees_nothing_of_it(path: str, ask: Any, pipelines: None) -> None:
    assert ask(path, "vic").status_code == 200
    answer = ask(path, "ulf")
    assert answer.status_code == 403
    assert HIDDEN not in answer.text
    assert ask(path.replace(HIDDEN, "for_everybody"), "ulf").status_code == 200


def test_the_overview_lists_ones_own_dags(ask: Any, pipelines: None) -> None:
    seen = {user: ask("/dbtsegment/overview", user).text for user in ("vic", "ulf")}
    assert HIDDEN in seen["vic"]
    assert "for_everybody" in seen["ulf"]
    assert HIDDEN not in seen["ulf"]
    assert HIDDEN not in ask(f"/dbtsegment/overview?q={HIDDEN[:5]}", "ulf").text.replace(
        f'value="{HIDDEN[:5]}"', ""
    )


def test_few_queries_tell_who_may_see_many_dags(
    ask: Any, rows: Rows, statements: Callable[[], list[str]]
) -> None:
    def asked(user: str) -> int:
        began = len(statements())
        assert ask("/dbtsegment/overview", user).status_code == 200
        return len(statements()) - began

    rows.task(rows.run(rows.dag("pipeline_0")), "build")
    few = {user: asked(user) for user in ("vic", "ulf")}
    for number in range(1, 40):
        rows.task(rows.run(rows.dag(f"pipeline_{number}")), "build")
    rows.task(rows.run(rows.dag(HIDDEN)), "build")
    assert {user: asked(user) for user in ("vic", "ulf")} == few
    page = ask("/dbtsegment/overview", "ulf").text
    assert HIDDEN not in page
    assert "40 pipelines" in Page(page).root.one("header").text


def test_rights_are_asked_for_of_the_newest_pipelines_alone(
    ask: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_dbtsegment.ui.routes.ASKED", 3)
    for number in range(5):
        due = BEGAN + timedelta(days=number)
        rows.task(rows.run(rows.dag(f"pipeline_{number}"), due=due), "build")
    page = Page(ask("/dbtsegment/overview", "ulf").text)
    shown = [r.attributes["data-dag"] for r in page.root.all("tr") if "data-dag" in r.attributes]
    assert shown == ["pipeline_4", "pipeline_3", "pipeline_2"]
    assert "3 pipelines of more than 3" in page.root.one("header").text


def test_a_dag_that_is_hidden_and_one_that_is_not_there_look_alike_to_a_stranger(
    ask: Any, pipelines: None
) -> None:
    assert ask("/dbtsegment/run/for_everybody/none", "ulf").status_code == 404
    assert ask(f"/dbtsegment/run/{HIDDEN}/none", "ulf").status_code == 403


@pytest.mark.parametrize(
    "token", ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJBRE1JTiJ9."]
)
def test_a_made_up_token_opens_nothing(token: str, app: Any, pipelines: None) -> None:
    from fastapi.testclient import TestClient

    with_cookie = TestClient(app, cookies={"_token": token})
    with_header = TestClient(app, headers={"Authorization": f"Bearer {token}"})
    for path in PATHS + OPEN:
        for client in (with_cookie, with_header):
            assert client.get(path).status_code in (401, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/dbtsegment/static/../plugin.py",
        "/dbtsegment/static/..%2Fplugin.py",
        "/dbtsegment/static/%2e%2e%2fplugin.py",
        "/dbtsegment/static/..%5Cplugin.py",
        "/dbtsegment/static//etc/passwd",
        "/dbtsegment/static/pages.css%00",
        "/dbtsegment/static/run.html",
    ],
)
def test_no_other_file_is_served(path: str, ask: Any) -> None:
    answer = ask(path)
    # outside our pages it is Airflow that answers, with the page of its own UI
    assert answer.status_code == 404 or "<title>Airflow" in answer.text


@pytest.mark.parametrize(
    "path", [*PATHS, *OPEN, "/dbtsegment/none", f"/dbtsegment/run/{HIDDEN}/none"]
)
def test_every_answer_forbids_scripts_and_addresses_of_others(
    path: str, ask: Any, pipelines: None
) -> None:
    for user in ("vic", None):
        headers = ask(path, user).headers
        policy = dict(
            one.strip().split(" ", 1) for one in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == "'self'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_on_a_page_is_inline_or_from_elsewhere(ask: Any, pipelines: None) -> None:
    for path in (*PATHS, "/dbtsegment/overview"):
        page = Page(ask(path).text)
        for script in page.root.all("script"):
            data = script.attributes.get("type") == "application/json"
            assert data or script.attributes["src"].startswith("/dbtsegment/static/")
        for element in page.root.all():
            assert element.tag != "style"
            assert "style" not in element.attributes
            assert not any(name.startswith("on") for name in element.attributes)
        for link in page.root.all("link"):
            assert link.attributes["href"].startswith("/dbtsegment/static/")


def test_every_route_asks_who_is_there(ask: Any) -> None:
    """A route that somebody adds without asking is found here."""
    from airflow.api_fastapi.core_api.security import get_user

    from airflow_provider_dbtsegment.ui.routes import router

    def asks(dependant: Any) -> bool:
        return dependant.call is get_user or any(asks(one) for one in dependant.dependencies)

    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) >= 7
    assert all(asks(route.dependant) for route in routes)
    assert {method for route in routes for method in route.methods} == {"GET"}


def test_addresses_begin_at_airflows_base_url(app: Any, rows: Rows) -> None:
    """Airflow may live below a path of its host."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from airflow_provider_dbtsegment.ui.plugin import LazyApp

    rows.dag("shop")
    rows.sync(rows.run("shop"), sync("m"))
    below = FastAPI(root_path="/airflow")
    below.mount("/dbtsegment", LazyApp())
    client = TestClient(below, headers=login("vic"))
    page = Page(client.get("/airflow/dbtsegment/run/shop/manual__1").text)
    assert page.root.one("link").attributes["href"].startswith("/airflow/dbtsegment/static/")
    links = {one.attributes["href"] for one in page.root.all("a", data_inside="")}
    assert "/airflow/dags/shop/runs/manual__1/tasks/sync_m" in links
    assert "/airflow/plugin/dbtsegment" in links
    (place,) = page.root.all(data_remote="/airflow/dbtsegment/trend/shop/manual__1")
    assert client.get(place.attributes["data-remote"]).status_code == 200
