"""What a real Airflow knows of the package: that it is there, its forms, and its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM, Form
from airflow_provider_dbtsegment.demo.local_airflow import LocalAirflow
from airflow_provider_dbtsegment.demo.scenarios import BUILD, DAG_ID, SYNCS
from airflow_provider_dbtsegment.ui.places import PREFIX

PROVIDER, PLUGIN = "airflow-provider-dbtsegment", "dbtsegment"
FORMS = (DBT_CLOUD_FORM, SEGMENT_FORM)
TIMEOUT = 30


def provider_problems(airflow: LocalAirflow) -> Iterator[str]:
    """Yield it when Airflow has not found the provider or its plugin, or has failed to load one."""
    names = [one["package_name"] for one in airflow.api.get("/providers", limit=100)["providers"]]
    if PROVIDER not in names:
        yield f"Airflow lists no provider {PROVIDER}"
    if PLUGIN not in [one["name"] for one in _plugins(airflow)]:
        yield f"Airflow lists no plugin {PLUGIN}"
    yield from airflow.api.import_errors()


def form_problems(airflow: LocalAirflow) -> Iterator[str]:
    """Yield it when the form of a connection type lacks one of its own fields."""
    if airflow.version < (3,):
        yield from _problems_of_forms_of_2(airflow)
        return
    answer = _get(airflow, "/ui/connections/hook_meta")
    known = {one["connection_type"]: one for one in answer.json()} if answer.ok else {}
    for form in FORMS:
        fields = (known.get(form.connection_type) or {}).get("extra_fields") or {}
        yield from _missing(form, fields)


def _problems_of_forms_of_2(airflow: LocalAirflow) -> Iterator[str]:
    """Airflow 2 tells its forms on the command line without a browser's session."""
    known = airflow.airflow("providers", "widgets", "--output", "plain")
    for form in FORMS:
        prefix = f"extra__{form.connection_type}__"
        yield from _missing(
            form, [field.name for field in form.fields if prefix + field.name in known]
        )


def _missing(form: Form, fields: Any) -> Iterator[str]:
    for field in form.fields:
        if field.name not in fields:
            yield f"the form of {form.connection_type} lacks {field.name}"


def page_problems(airflow: LocalAirflow, run_id: str) -> Iterator[str]:
    """
    Yield each page that the admin does not get, or that nobody in particular gets.

    Where Airflow has no place for pages, there must be none.
    """
    if airflow.version < (3, 1):
        for one in _plugins(airflow):
            if one["name"] == PLUGIN and (one.get("fastapi_apps") or one.get("external_views")):
                yield "there are pages, for which this Airflow has no place"
        return
    for page in pages(quote(run_id, safe="")):
        for who, wanted in (("the admin", 200), ("nobody", 401)):
            status = _get(airflow, f"{PREFIX}{page}", anonymous=who == "nobody").status_code
            if status != wanted:
                yield f"{who} gets {status} and not {wanted} from {page}"


def pages(run: str) -> list[str]:
    """Return all pages of a run of the demo's DAG."""
    sync = next(iter(SYNCS))
    return [
        "/overview",
        f"/run/{DAG_ID}/{run}",
        f"/task/{DAG_ID}/{BUILD}/-1/{run}",
        f"/task/{DAG_ID}/{sync}/-1/{run}",
        f"/nodes/{DAG_ID}/{BUILD}/-1/{run}",
        f"/trend/{DAG_ID}/{run}",
        f"/runs/{DAG_ID}",
        "/static/pages.css",
    ]


def _plugins(airflow: LocalAirflow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = airflow.api.get("/plugins", limit=100)["plugins"]
    return found


def _get(airflow: LocalAirflow, path: str, *, anonymous: bool = False) -> requests.Response:
    """Ask for something outside the API, and do not follow it to another place."""
    with requests.Session() as session:
        session.trust_env = False
        if not anonymous:
            session.headers["Authorization"] = str(airflow.api.session.headers["Authorization"])
        return session.get(f"{airflow.url}{path}", timeout=TIMEOUT, allow_redirects=False)
