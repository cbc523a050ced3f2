"""Addresses of dbt Cloud's pages."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud.pages import addresses, docs_at_end, docs_url, run_url
from airflow_provider_dbtsegment.links.dbt_cloud import DbtCloudDocsLink, DbtCloudRunLink

BASE = "https://ab123.us1.dbt.com"
IDS = {"id": 11, "account_id": 7, "project_id": 3}


@pytest.mark.parametrize(
    "href",
    [None, 7, "", "javascript:alert(1)", "https://x/\n", "https://x/" + "y" * 999, "/deploy"],
)
def test_an_address_that_is_none_is_made(href: Any) -> None:
    assert run_url({**IDS, "href": href}, BASE) == f"{BASE}/deploy/7/projects/3/runs/11"  # type: ignore[typeddict-item]


def test_dbt_clouds_own_address_is_taken() -> None:
    assert run_url({"id": 11, "href": "https://emea.dbt.com/x"}, BASE) == "https://emea.dbt.com/x"


@pytest.mark.parametrize(
    ("fields", "documents"),
    [
        ({}, False),
        ({"job": {"generate_docs": True}}, True),
        ({"job": {"generate_docs": True}, "trigger": {"generate_docs_override": False}}, False),
        ({"job": {"generate_docs": False}, "trigger": {"generate_docs_override": True}}, True),
        ({"job": {"execute_steps": ["dbt build", "dbt docs generate"]}}, True),
        ({"has_docs_generated": True, "finished_at": "2026-01-01"}, True),
        ({"job": {"generate_docs": True}, "finished_at": "2026-01-01"}, False),
        ({"job": [], "trigger": 7}, False),
        ({"job": {"generate_docs": True}, "account_id": None}, False),
    ],
)
def test_documentation_is_linked_where_there_is_or_will_be_some(
    fields: dict[str, Any], documents: bool
) -> None:
    found = docs_url({**IDS, **fields}, BASE)  # type: ignore[typeddict-item]
    assert found == (f"{BASE}/accounts/7/runs/11/docs/" if documents else None)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"job": {"generate_docs": True}, "has_docs_generated": True}, "docs/"),
        ({"job": {"generate_docs": True}, "has_docs_generated": False}, ""),
        ({"trigger": {"generate_docs_override": True}}, ""),
        ({"job": {"generate_docs": False}}, None),
    ],
)
def test_a_promise_of_documentation_is_taken_back_when_none_was_made(
    fields: dict[str, Any], left: str | None
) -> None:
    ended: Any = {**IDS, "finished_at": "2026-01-01", **fields}
    url = docs_at_end(ended, BASE).get("docs_url")
    assert url == (f"{BASE}/accounts/7/runs/11/{left}" if left else left)


def test_addresses_are_left_where_links_read_them() -> None:
    found = addresses({**IDS, "job": {"generate_docs": True}}, BASE)  # type: ignore[typeddict-item]
    assert found.keys() == {DbtCloudRunLink().xcom_key, DbtCloudDocsLink().xcom_key}
