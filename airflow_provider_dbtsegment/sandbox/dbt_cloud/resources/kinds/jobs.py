"""Jobs, which run as soon as they are made."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import commands
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import related

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

MOST_RECENT = (("most_recent_run", False), ("most_recent_completed_run", True))


def prepare(call: Call, draft: Draft, _: Record | None) -> None:
    """Refuse steps that are no dbt commands, and an environment of another project."""
    environment = call.known("environments", draft["environment_id"])
    if environment["project_id"] != draft["project_id"]:
        raise InvalidError("environment_id", "The environment is one of another project.")
    draft["execute_steps"] = draft.get("execute_steps") or ["dbt build"]
    for command in draft["execute_steps"]:
        try:
            commands.words(command)
        except commands.CommandError as error:
            raise InvalidError("execute_steps", str(error)) from error
    if draft["settings"]["threads"] < 1:
        raise InvalidError("settings", "threads: Must be at least 1.")
    draft["job_type"] = draft.get("job_type") or _type_of(draft["triggers"])


def show(_: DbtCloud, __: Record) -> Mapping[str, Any]:
    """Show which dbt its runs use."""
    return {"raw_dbt_version": version("dbt-core"), "is_deferrable": False}


def show_related(call: Call, record: Record) -> Mapping[str, Any]:
    """Show the newest runs when they are asked for."""
    asked = related(call.query)
    shown: dict[str, Any] = {}
    for name, completed in MOST_RECENT:
        if name in asked:
            run = call.service.runs.most_recent(int(record["id"]), completed=completed)
            shown[name] = run and call.service.show_run(run, call.base_url, set())
    return shown


def gone(call: Call, record: Record) -> None:
    """Cancel what it still runs; its runs stay."""
    call.service.runs.cancel_all_of(int(record["id"]), by=call.actor)


def _type_of(triggers: Mapping[str, Any]) -> str:
    if triggers.get("github_webhook") or triggers.get("git_provider_webhook"):
        return "ci"
    if triggers.get("on_merge"):
        return "merge"
    return "scheduled" if triggers.get("schedule") else "other"
