"""Service tokens and personal ones: shown once, when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import tokens
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.identifiers import new_id
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import actions, filters, writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply_page,
    reply_record,
    shown_by,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

ACCOUNT = "/api/v3/accounts/{account_id}/"
PERSONAL = ACCOUNT + "users/{user_id}/account-apikeys/"
PERMISSIONS = ACCOUNT + "service-tokens/{service_token_id}/permissions/"
GRANTS = "service-token-permissions"
GRANT_FIELDS = ("permission_set", "project_id", "all_projects", "writable_environment_categories")


def show_service_token(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show what it may do."""
    grants = _grants(service, record)
    shown = [{name: one.get(name) for name in GRANT_FIELDS} for one in grants]
    return {"permission_grants": shown, "semantic_layer_credentials": []}


def create_service_token(call: Call) -> Response:
    """Make a service token with its permissions; only this answer holds the token."""
    resource = row(tokens.SERVICE_TOKENS)
    fields = actions.read_new(call, resource)
    grants = fields.pop("permission_grants", None) or []
    token, digest = tokens.new_token(resource.kind)
    with call.records.transaction():
        fields.update(_digest=digest, uid=new_id(), type=2)
        record = writing.make(call, resource, fields)
        _grant(call, record, grants)
    return reply_record(call, resource.kind, record, token_string=token)


def create_personal(call: Call) -> Response:
    """Make a token of a user; only this answer holds it."""
    resource = row(tokens.USER_TOKENS)
    token, digest = tokens.new_token(resource.kind)
    fields = {**actions.read_new(call, resource), "_digest": digest, "uid": new_id(), "type": 4}
    record = writing.make(call, resource, fields)
    return reply_record(call, resource.kind, record, token_string=token)


def rotate_personal(call: Call) -> Response:
    """Put a new token in the place of a user's; the old one opens nothing from now on."""
    resource = row(tokens.USER_TOKENS)
    token, digest = tokens.new_token(resource.kind)
    record = writing.change(call, resource, actions.record_of(call, resource), {"_digest": digest})
    return reply_record(call, resource.kind, record, token_string=token)


def list_permissions(call: Call) -> Response:
    """List what a service token may do."""
    token = call.known(tokens.SERVICE_TOKENS, call.path["service_token_id"])
    page = filters.select(_grants(call.service, token), call.query, call.operation)
    return reply_page(call, page, [shown_by(call, GRANTS, one) for one in page.items])


def assign_permissions(call: Call) -> Response:
    """Say anew what a service token may do."""
    token = call.known(tokens.SERVICE_TOKENS, call.path["service_token_id"])
    if not isinstance(call.body, list):
        raise InvalidError("body", "Must be a list of permissions.")
    with call.records.transaction():
        for one in _grants(call.service, token):
            writing.end(call, row(GRANTS), one)
        _grant(call, token, call.body)
    return list_permissions(call)


def _grant(call: Call, token: Record, grants: list[Any]) -> None:
    for one in map(as_object, grants):
        if "permission_set" not in one:
            raise InvalidError("permission_set", "This field is required.")
        fields: dict[str, Any] = {name: one[name] for name in GRANT_FIELDS if name in one}
        fields.setdefault("all_projects", fields.get("project_id") is None)
        writing.make(call, row(GRANTS), {**fields, "service_token_id": token["id"]})


def _grants(service: DbtCloud, token: Record) -> list[Record]:
    return [
        one
        for one in service.records.all(GRANTS)
        if one["service_token_id"] == token["id"] and one.get("state") != DELETED
    ]


HANDLERS = {
    ("POST", ACCOUNT + "service-tokens/"): create_service_token,
    ("POST", PERSONAL): create_personal,
    ("POST", PERSONAL + "{id}/"): rotate_personal,
    ("GET", PERMISSIONS): list_permissions,
    ("POST", PERMISSIONS): assign_permissions,
}
