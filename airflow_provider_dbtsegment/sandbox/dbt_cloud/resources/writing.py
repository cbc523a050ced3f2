"""Records made, changed and ended: with ids, times, checks, descendants, and an audit-log entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.audit_log import note
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.identifiers import new_id
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import ACTIVE, DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import POINTS_AT
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Resource

PARENTS = ("account_id", "project_id", "user_id", "group_id", "service_token_id")


def make(call: Call, resource: Resource, fields: Mapping[str, Any]) -> Record:
    """Make a record.

    :raises InvalidError: when it names what is not there, or what is taken.
    """
    at = times.text(call.records.clock.now())
    with call.records.transaction():
        record: dict[str, Any] = {
            **resource.defaults,
            "created_by_id": call.actor.user_id,
            "created_by_service_token_id": call.actor.service_token_id,
            **{name: value for name, value in call.path.items() if name in PARENTS},
            **fields,
            "created_at": at,
            "updated_at": at,
        }
        if resource.soft:
            record.setdefault("state", ACTIVE)
        _check(call, resource, record)
        resource.prepare(call, record, None)
        record["id"] = (
            call.records.next_id(resource.kind)
            if resource.prefix is None
            else new_id(resource.prefix)
        )
        made = call.records.put(resource.kind, record)
        resource.after(call, made)
        note(call, resource.noun, "added", made)
    return made


def change(call: Call, resource: Resource, old: Record, fields: Mapping[str, Any]) -> Record:
    """Change fields of a record; state 2 ends it.

    :raises InvalidError: when it names what is not there, or what is taken.
    """
    with call.records.transaction():
        record = {
            **old,
            **fields,
            "id": old["id"],
            "updated_at": times.text(call.records.clock.now()),
        }
        _check(call, resource, record)
        resource.prepare(call, record, old)
        changed = call.records.put(resource.kind, record)
        if record.get("state") == DELETED:
            return end(call, resource, changed)
        note(call, resource.noun, "changed", changed)
    return changed


def end(call: Call, resource: Resource, record: Record) -> Record:
    """Delete a record and all that it owns; where there is a state, it is kept in state 2."""
    with call.records.transaction():
        if resource.soft:
            record = {
                **record,
                "state": DELETED,
                "updated_at": times.text(call.records.clock.now()),
            }
            call.records.put(resource.kind, record)
        else:
            call.records.remove(resource.kind, record["id"])
        for kind, field in resource.owns:
            _end_owned(call, kind, field, record["id"])
        resource.gone(call, record)
        note(call, resource.noun, "removed", record)
    return record


def _end_owned(call: Call, kind: str, field: str, owner: Id) -> None:
    for one in call.records.all(kind):
        if one.get(field) == owner and one.get("state") != DELETED:
            end(call, row(kind), one)


def _check(call: Call, resource: Resource, record: Mapping[str, Any]) -> None:
    for field in resource.refers:
        named = record.get(field)
        other = call.records.get(POINTS_AT[field], named)
        if named is not None and (other is None or other.get("state") == DELETED):
            raise InvalidError(field, f'Invalid pk "{named}" - object does not exist.')
    for field in resource.unique:
        for one in call.records.all(resource.kind):
            if (
                one["id"] != record.get("id")
                and one.get("state") != DELETED
                and one.get(field) == record.get(field) is not None
                and one.get("project_id") == record.get("project_id")
            ):
                raise InvalidError(field, f"{record[field]!r} is taken; choose another one.")
