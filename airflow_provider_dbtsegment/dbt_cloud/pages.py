"""Addresses of dbt Cloud's pages for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.types import Run

_MOST = 500


def addresses(run: Run, base_url: str) -> dict[str, str]:
    """Return the addresses of a run's pages by the XComs that hold them, where links read them."""
    documentation = docs_url(run, base_url)
    found = {} if documentation is None else {"docs_url": documentation}
    return {"run_url": run_url(run, base_url), **found}


def run_url(run: Run, base_url: str) -> str:
    """Return the address of a run's page."""
    href: Any = run.get("href")
    if _is_address(href):
        return str(href)
    account, project = (_id(run, name) for name in ("account_id", "project_id"))
    return f"{base_url}/deploy/{account}/projects/{project}/runs/{run['id']}"


def docs_url(run: Run, base_url: str) -> str | None:
    """
    Return the address of the documentation that a run makes.

    :return: Nothing if it makes none, or that is not known yet.
    """
    account = _id(run, "account_id")
    if account is None or not _documents(run):
        return None
    return f"{base_url}/accounts/{account}/runs/{run['id']}/docs/"


def docs_at_end(run: Run, base_url: str) -> dict[str, str]:
    """Return the XCom with the address that a run has made; an empty one takes a promise back."""
    made = docs_url(run, base_url)
    if made is None and docs_url({**run, "finished_at": None}, base_url) is None:
        return {}
    return {"docs_url": made or ""}


def _documents(run: Run) -> bool:
    """Return whether a run makes documentation, as far as dbt Cloud says."""
    fields: Mapping[str, Any] = {**run}
    if fields.get("has_docs_generated") is True:
        return True
    if fields.get("finished_at"):
        return False
    job, trigger = (_part(fields, name) for name in ("job", "trigger"))
    steps = trigger.get("steps_override") or job.get("execute_steps")
    if isinstance(steps, list) and any("docs generate" in str(step) for step in steps):
        return True
    wanted = trigger.get("generate_docs_override")
    return (job.get("generate_docs") if wanted is None else wanted) is True


def _part(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = fields.get(name)
    return part if isinstance(part, dict) else {}


def _is_address(href: Any) -> bool:
    if not isinstance(href, str) or len(href) > _MOST or not href.isprintable():
        return False
    return href.startswith(("https://", "http://"))


def _id(run: Run, name: str) -> int | None:
    fields: Mapping[str, Any] = {**run}
    value = fields.get(name)
    return value if type(value) is int else None
