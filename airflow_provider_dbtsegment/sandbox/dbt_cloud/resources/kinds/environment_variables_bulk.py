"""Variables with their values for the project and for environments by name, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.env_vars import KIND, of_project
from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import failure
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError, InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.kinds.environment_variables import (
    PATH,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply, reply_gone
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

# What stands beside the values; anything else is the name of an environment.
NO_ENVIRONMENTS = ("name", "new_name", "ids", "project")
DONE = "Environment variables were saved."


def create(call: Call) -> Response:
    """Make variables with all their values, or none of them."""
    body = as_object(call.body)
    if isinstance(body.get("env_var"), dict):  # the vendor's own client sends one without a list
        body = {**body, "env_var": [body["env_var"]]}
    check(body, call.operation.request, call.operation.schemas)
    done: list[dict[str, Any]] = []
    try:
        with call.records.transaction():
            for variable in body["env_var"]:
                ids, _ = _save(call, variable["new_name"], variable)
                done.append(_told(variable, 200, data={"message": DONE, "new_var_ids": ids}))
    except ApiError as error:
        failed = body["env_var"][len(done)]
        return failure(400, error.message, [_told(failed, 400, reason=_reason(error))])
    return reply(call, done)


def update(call: Call) -> Response:
    """Set the values of a variable, and its name; a value that is null is deleted."""
    body = as_object(call.body)
    given = body.get("env_vars", body.get("env_var"))
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name != "ids"}
    body = {"env_vars": given}
    check(body, call.operation.request, call.operation.schemas)
    variable = body["env_vars"]
    name = variable["name"]
    try:
        with call.records.transaction():
            old = _values(call, name)
            if not old:
                raise InvalidError("name", f"There is no variable {name}.")
            new_name = variable.get("new_name") or name
            for one in old if new_name != name else ():
                writing.change(call, row(KIND), one, {"name": new_name})
            made, deleted = _save(call, new_name, variable)
    except ApiError as error:
        return failure(400, error.message, {"reason": _reason(error)})
    return reply(call, {"message": DONE, "new_var_ids": made, "deleted_var_ids": deleted})


def delete(call: Call) -> Response:
    """Delete all values of a variable."""
    body = as_object(call.body)
    about = body.get("env_var", body)
    name = about.get("name") if isinstance(about, Mapping) else about
    if not isinstance(name, str):
        raise InvalidError("name", "This field is required.")
    values = _values(call, name)
    if not values:
        raise InvalidError("name", f"There is no variable {name}.")
    with call.records.transaction():
        ended = [writing.end(call, row(KIND), one) for one in values]
    return reply_gone(call, KIND, ended[0])


def _save(call: Call, name: str, variable: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Set the values of a variable; return the ids of new and of deleted values."""
    environments = {
        one["name"]: one["id"]
        for one in call.records.all("environments")
        if one["project_id"] == call.path["project_id"] and one.get("state") != DELETED
    }
    made: list[int] = []
    deleted: list[int] = []
    for column, value in variable.items():
        if column != "project" and column in NO_ENVIRONMENTS:
            continue
        if column != "project" and column not in environments:
            raise InvalidError(column, f"The project has no environment {column!r}.")
        environment_id = environments.get(column)
        old = _value_in(call, name, environment_id)
        fields = {
            "name": name,
            "type": "project" if environment_id is None else "environment",
            "environment_id": environment_id,
            "_raw_value": value,
        }
        if value is None or value == "":
            if old is not None:
                deleted.append(writing.end(call, row(KIND), old)["id"])
        elif not isinstance(value, str):
            raise InvalidError(column, "Must be a text.")
        elif old is not None:
            writing.change(call, row(KIND), old, fields)
        else:
            made.append(writing.make(call, row(KIND), fields)["id"])
    return made, deleted


def _values(call: Call, name: str) -> list[Record]:
    found = of_project(call.records, call.path["project_id"])
    return [one for one in found if one["name"] == name]


def _value_in(call: Call, name: str, environment_id: int | None) -> Record | None:
    for one in _values(call, name):
        is_theirs = one["type"] in ("project", "environment")
        if is_theirs and one.get("environment_id") == environment_id:
            return one
    return None


def _told(variable: Mapping[str, Any], code: int, **more: Any) -> dict[str, Any]:
    status = "success" if code == 200 else "failure"
    return {"status": status, "status_code": code, "key_name": variable["new_name"], **more}


def _reason(error: ApiError) -> str:
    fields = error.data if isinstance(error.data, dict) else {}
    messages = [f"{name}: {' '.join(texts)}" for name, texts in fields.items()]
    return " ".join(messages) or error.message


HANDLERS = {
    ("POST", PATH + "bulk/"): create,
    ("PUT", PATH + "bulk/"): update,
    ("DELETE", PATH + "bulk/"): delete,
}
