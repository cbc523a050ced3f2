"""What can be done with a record of any kind: list, make, show, change and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError, NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    item_schema,
    properties,
    resolve,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import filters, writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import (
    as_object,
    check,
    complete,
    required,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply_gone,
    reply_page,
    reply_record,
    shown_by,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.secrecy import without_secrets

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Resource

Action = Callable[["Call", "Resource"], "Response"]
BELONGS_TO = ("project_id", "user_id", "group_id", "service_token_id")


def list_records(call: Call, resource: Resource) -> Response:
    """List what the path and the filters leave."""
    found = [one for one in call.records.all(resource.kind) if _is_below(one, call.path)]
    page = filters.select(found, call.query, call.operation)
    return reply_page(call, page, [shown_by(call, resource.kind, one) for one in page.items])


def create(call: Call, resource: Resource) -> Response:
    """Make a record of the body."""
    record = writing.make(call, resource, read_new(call, resource))
    return reply_record(call, resource.kind, record)


def get(call: Call, resource: Resource) -> Response:
    """Show a record."""
    return reply_record(call, resource.kind, record_of(call, resource))


def update(call: Call, resource: Resource) -> Response:
    """Change a record: PUT all of it, POST and PATCH the fields of the body."""
    old = record_of(call, resource)
    record = writing.change(call, resource, old, read_change(call, resource, old))
    return reply_record(call, resource.kind, record)


def delete(call: Call, resource: Resource) -> Response:
    """Delete a record and what it owns."""
    record = writing.end(call, resource, record_of(call, resource))
    return reply_gone(call, resource.kind, record)


def record_of(call: Call, resource: Resource) -> Record:
    """Return the record that the path names.

    :raises NotFoundError: when there is none below what the path names before it.
    """
    record = call.known(resource.kind, _id_in(call.path))
    if not _is_below(record, call.path):
        raise NotFoundError
    return record


def read_new(call: Call, resource: Resource) -> dict[str, Any]:
    """Return the fields of a new record.

    :raises ApiError: 400, when the body is not as the document wants it.
    """
    operation = call.operation
    body = complete(as_object(call.body), operation, call.path)
    for name, value in resource.defaults.items():
        body.setdefault(name, value)
    check(body, operation.request, operation.schemas)
    kept = _kept(call, resource, body)
    answered = properties(item_schema(operation), operation.schemas)
    for name, one in answered.items():
        default = resolve(one, operation.schemas).get("default")
        if default is not None and not one.get("readOnly"):
            kept.setdefault(name, default)
    return kept


def read_change(call: Call, resource: Resource, old: Record) -> dict[str, Any]:
    """Return the fields that change; null empties a field that may be empty.

    :raises ApiError: 400, when the record would not be as the document wants it.
    """
    operation = call.operation
    body = as_object(call.body)
    implied = {**call.path, "id": old["id"], "pk": old["id"]}
    fields = properties(operation.request, operation.schemas)
    for name in resource.merged:
        if isinstance(body.get(name), Mapping) and isinstance(old.get(name), Mapping):
            body = {**body, name: {**old[name], **body[name]}}
    if operation.method == "PUT":
        whole = {**dict.fromkeys(name for name in fields if name not in implied), **body}
    else:
        whole = {**{name: old[name] for name in fields if old.get(name) is not None}, **body}
    completed = complete(whole, operation, implied)
    check(completed, operation.request, operation.schemas)
    changed = whole if operation.method == "PUT" else body
    needed = required(item_schema(operation), operation.schemas)
    emptied = {name: None for name, value in changed.items() if value is None}
    for name in emptied.keys() & set(needed) & body.keys() & fields.keys():
        raise InvalidError(name, "This field may not be null.")
    defaults = {
        name: value
        for name, value in completed.items()
        if operation.method == "PUT" or name in body
    }
    return _kept(call, resource, {**emptied, **defaults})


def _kept(call: Call, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    operation = call.operation
    known = properties(operation.request, operation.schemas)
    kept = {
        name: value
        for name, value in body.items()
        if (not known or name in known or name in resource.also) and name not in ("id", "pk")
    }
    bare = without_secrets(kept, operation.request, operation.schemas)
    return dict(bare)


def _id_in(path: Mapping[str, Id]) -> Id:
    """Return the last id in a path."""
    return list(path.values())[-1]


def _is_below(record: Record, path: Mapping[str, Id]) -> bool:
    return all(record.get(name) == path[name] for name in BELONGS_TO if name in path)
