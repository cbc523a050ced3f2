"""Addresses of Segment's pages."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_dbtsegment.rest import client
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.segment import SegmentApi, SegmentSettings, pages
from airflow_provider_dbtsegment.segment.pages import known_page, page_at_end, reverse_etl_page
from tests.scripted_server import Received, Reply, ScriptedServer, serving

REFUSED = Reply(403, json.dumps({"errors": [{"message": "Not for you."}]}))
SOURCE = {"source": {"id": "s1", "slug": "warehouse"}}
DESTINATIONS: dict[str, Any] = {
    "destinations": [
        {"id": "d0"},
        "odd",
        {"id": "d1", "metadata": {"slug": "hubspot"}},
        {"id": "d2", "metadata": {"slug": "zendesk"}},
    ]
}
PAGE = (
    "/goto-my-workspace/reverse-etl/destinations/zendesk/sources/warehouse/instances/d2/mappings/m1"
    "/source-id/s1/model-id/mo1/sync-details"
)


class Workspace(ScriptedServer):
    """Answers by the path; what it does not have is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Any] = {
            "/sources/s1": SOURCE,
            "/sources/s1/connected-destinations": DESTINATIONS,
            "/destinations/d1/subscriptions": {"subscriptions": [{"id": "other"}, 7]},
            "/destinations/d2/subscriptions": {"subscriptions": [{"id": "m1"}]},
        }

    def reply_to(self, request: Received) -> Reply:
        answer = self.answers.get(request.path.split("?")[0], REFUSED)
        return answer if isinstance(answer, Reply) else Reply(body=json.dumps({"data": answer}))


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with serving(Workspace()) as workspace:
        yield workspace


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own."""
    monkeypatch.setattr(pages, "_known", OrderedDict())
    monkeypatch.setattr(client, "shared_budget", lambda *args: Budget(10**9))


def api_at(url: str) -> SegmentApi:
    return SegmentApi(SegmentSettings(TransportSettings(url, TokenAuth("t0k"))))


def at_end(api: SegmentApi, known: str = "") -> str:
    """Return the page once a sync has ended."""
    return page_at_end(api, {"syncId": "s", "syncStatus": "", "sourceId": "s1"}, "mo1", "m1", known)


def test_the_page_of_a_mapping_is_found_once(workspace: Workspace) -> None:
    api = api_at(workspace.url)
    for _ in range(3):
        assert at_end(api) == workspace.url + PAGE
    for before in (None, 7, "", "https://elsewhere.example" + PAGE, f"{workspace.url}/other"):
        assert known_page(api, "s1", "mo1", "m1", before) == workspace.url + PAGE
    assert [one.path.split("?")[0] for one in workspace.received] == list(workspace.answers)


def test_what_an_earlier_run_has_found_is_not_asked_for(workspace: Workspace) -> None:
    before, api = workspace.url + PAGE, api_at(workspace.url)
    assert known_page(api, "s1", "mo1", "m1", before) == before
    assert at_end(api, before) == before
    assert not workspace.received


def test_nothing_is_looked_up_at_the_start(workspace: Workspace) -> None:
    api = api_at(workspace.url)
    assert known_page(api, "s1", "mo1", "m1") == reverse_etl_page(api)
    assert not workspace.received


@pytest.mark.parametrize(
    ("missing", "page"),
    [
        ("/sources/s1", "/goto-my-workspace/reverse-etl"),
        ("/sources/s1/connected-destinations", "/goto-my-workspace/reverse-etl"),
        ("/destinations/d1/subscriptions", PAGE),
        ("/destinations/d2/subscriptions", "/goto-my-workspace/reverse-etl"),
    ],
)
def test_who_cannot_know_the_page_gets_the_one_above(
    missing: str, page: str, workspace: Workspace
) -> None:
    for answer in (REFUSED, {}, [], {"source": 7, "workspace": [], "destinations": {}}):
        workspace.answers[missing] = answer
        pages._known.clear()
        assert at_end(api_at(workspace.url)) == workspace.url + page


def test_a_page_is_not_waited_for_long(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PATIENCE", 0.3)
    late = Reply(body=json.dumps({"data": SOURCE}), delay=5.0)
    for answer in (late, Reply(503), Reply(429, headers={"Retry-After": "60"})):
        workspace.answers["/sources/s1"] = answer
        pages._known.clear()
        api = api_at(workspace.url)
        assert at_end(api) == reverse_etl_page(api)


@pytest.mark.parametrize(
    ("host", "app"),
    [
        ("https://api.segmentapis.com", "https://app.segment.com"),
        ("https://eu1.api.segmentapis.com", "https://eu1.app.segment.com"),
        ("http://127.0.0.1:8585", "http://127.0.0.1:8585"),
    ],
)
def test_the_pages_are_where_the_workspace_is(host: str, app: str) -> None:
    assert reverse_etl_page(api_at(host)) == f"{app}/goto-my-workspace/reverse-etl"
