"""Environment variables, one at a time, and as environments, jobs and users see them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.env_vars import (
    SCOPES,
    displayed,
    of_project,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft

PATH = "/api/v3/accounts/{account_id}/projects/{project_id}/environment-variables/"
NAME = re.compile(r"DBT_\w+")


def prepare(call: Call, draft: Draft, old: Record | None) -> None:
    """Check name and owner, and hide the value of a secret."""
    if not NAME.fullmatch(draft["name"]):
        raise InvalidError("name", "Must begin with DBT_.")
    field = SCOPES[draft["type"]]
    if field is not None and draft.get(field) is None:
        raise InvalidError(field, "This field is required.")
    if isinstance(call.body, dict) and isinstance(call.body.get("raw_value"), str):
        draft["_raw_value"] = call.body["raw_value"]
    draft["display_value"] = displayed(draft["name"], draft.get("_raw_value"))
    for one in of_project(call.records, draft["project_id"]):
        is_other = old is None or one["id"] != old["id"]
        same = all(one.get(name) == draft.get(name) for name in ("name", "type", field or "type"))
        if is_other and same:
            raise InvalidError("name", f"{draft['name']} has a value for this {draft['type']}.")


def show_by_environment(call: Call) -> Response:
    """Show the values of the project and of each environment."""
    project_id = call.path["project_id"]
    names = {
        one["id"]: one["name"]
        for one in call.records.all("environments")
        if one["project_id"] == project_id and one.get("state") != DELETED
    }
    variables: dict[str, dict[str, Any]] = {}
    for one in of_project(call.records, project_id):
        if one["type"] in ("project", "environment"):
            column = names.get(one.get("environment_id"), "project")
            variables.setdefault(one["name"], {})[column] = _value(one)
    return reply(call, {"environments": ["project", *names.values()], "variables": variables})


def show_by_job(call: Call) -> Response:
    """Show the values that count for a job, and where they come from."""
    job = call.known("jobs", _number(call, "job_definition_id"))
    owners = {"project": None, "environment": job["environment_id"], "job": job["id"]}
    return _show_scopes(call, owners)


def show_by_user(call: Call) -> Response:
    """Show the values that count for a user in the project's development environments."""
    user = call.known("users", _number(call, "user_id"))
    development = [
        one["id"]
        for one in call.records.all("environments")
        if one["project_id"] == call.path["project_id"] and one.get("type") == "development"
    ]
    owners = {
        "project": None,
        "environment": next(iter(development), None),
        "user": user["id"],
    }
    return _show_scopes(call, owners)


def _show_scopes(call: Call, owners: dict[str, Any]) -> Response:
    variables: dict[str, dict[str, Any]] = {}
    for one in of_project(call.records, call.path["project_id"]):
        field = SCOPES[one["type"]]
        if one["type"] in owners and (field is None or one.get(field) == owners[one["type"]]):
            variables.setdefault(one["name"], {})[one["type"]] = _value(one)
    return reply(call, variables)


def _value(record: Record) -> dict[str, Any]:
    return {"id": record["id"], "value": record.get("display_value") or ""}


def _number(call: Call, name: str) -> int:
    try:
        return int(call.query[name])
    except ValueError as error:
        raise InvalidError(name, "A valid integer is required.") from error


HANDLERS = {
    ("GET", PATH + "environment/"): show_by_environment,
    ("GET", PATH + "job/"): show_by_job,
    ("GET", PATH + "user/"): show_by_user,
}
