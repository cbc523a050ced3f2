"""Groups, what they may do, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import properties, resolve
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import filters, writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply_all,
    reply_page,
    shown_by,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

ACCOUNT = "/api/v3/accounts/{account_id}/"
OF_PROJECT = ACCOUNT + "projects/{project_id}/group-permissions/"
PERMISSIONS = "group-permissions"


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show how many are in it."""
    members = [
        one
        for one in service.records.all("permissions")
        if record["id"] in one["_group_ids"] and one.get("state") != DELETED
    ]
    return {"member_count": len(members), "scim_managed": False}


def assign_permissions(call: Call) -> Response:
    """Say anew what a group may do."""
    group_id = call.path["group_id"]
    wanted = [_read(call, one, {"group_id": group_id}) for one in _listed(call.body)]
    with call.records.transaction():
        for old in _permissions(call, group_id=group_id):
            writing.end(call, row(PERMISSIONS), old)
        for one in wanted:
            writing.make(call, row(PERMISSIONS), one)
    return _reply(call, _permissions(call, group_id=group_id))


def list_of_project(call: Call) -> Response:
    """List what groups may do in a project."""
    found = _permissions(call, project_id=call.path["project_id"])
    page = filters.select(found, call.query, call.operation)
    return reply_page(call, page, [shown_by(call, PERMISSIONS, one) for one in page.items])


def assign_in_project(call: Call) -> Response:
    """Add to what groups may do in a project; without a body nothing is added."""
    project_id = call.path["project_id"]
    for one in _listed(call.body or []):
        writing.make(call, row(PERMISSIONS), {**one, "project_id": project_id})
    return _reply(call, _permissions(call, project_id=project_id))


def assign_user(call: Call) -> Response:
    """Put a user into these groups, and out of all others."""
    body = as_object(call.body)
    check(body, call.operation.request, call.operation.schemas)
    for group_id in body["desired_group_ids"]:
        group = call.records.get("groups", group_id)
        if group is None or group.get("state") == DELETED:
            raise InvalidError("desired_group_ids", f"There is no group {group_id}.")
    licenses = [
        one
        for one in call.records.all("permissions")
        if one["user_id"] == body["user_id"] and one.get("state") != DELETED
    ]
    if not licenses:
        raise InvalidError("user_id", f"There is no user {body['user_id']}.")
    writing.change(
        call, row("permissions"), licenses[0], {"_group_ids": list(body["desired_group_ids"])}
    )
    groups = [call.known("groups", one) for one in body["desired_group_ids"]]
    return reply_all(call, [shown_by(call, "groups", one) for one in groups])


def _listed(body: Any) -> list[dict[str, Any]]:
    """Read a list of permissions, which the document wraps in a field without a name."""
    listed = body.get("") if isinstance(body, dict) else body
    if not isinstance(listed, list):
        raise InvalidError("body", "Must be a list of permissions.")
    return [as_object(one) for one in listed]


def _read(call: Call, body: dict[str, Any], implied: Mapping[str, Any]) -> dict[str, Any]:
    schemas = call.operation.schemas
    schema = schemas["GroupPermissionRequest"]
    answered = properties(schemas["GroupPermissionResponse"], schemas)
    known = properties(schema, schemas)
    implied = {"account_id": call.service.account_id, **implied}
    given = {name: one for name, one in body.items() if one is not None and name in known}
    for name in schema["required"]:
        default = resolve(answered[name], schemas).get("default")
        if default is not None:
            given.setdefault(name, default)
    fields = {**given, **implied}
    if fields != {**fields, **given}:
        raise InvalidError("group_id", "Must be those of the path.")
    check(fields, schema, schemas)
    return fields


def _permissions(call: Call, **owner: Any) -> list[Record]:
    ((field, value),) = owner.items()
    return [
        one
        for one in call.records.all(PERMISSIONS)
        if one.get(field) == value and one.get("state") != DELETED
    ]


def _reply(call: Call, records: list[Record]) -> Response:
    return reply_all(call, [shown_by(call, PERMISSIONS, one) for one in records])


HANDLERS = {
    ("POST", ACCOUNT + "group-permissions/{group_id}/"): assign_permissions,
    ("GET", OF_PROJECT): list_of_project,
    ("POST", OF_PROJECT): assign_in_project,
    ("POST", ACCOUNT + "assign-groups/"): assign_user,
}
