"""Records as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    fill,
    properties,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Schema, Schemas
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

# A field that holds another record as a whole: its kind, and the field that names it.
ONE = {
    "account": ("accounts", "account_id"),
    "connection": ("connections", "connection_id"),
    "credentials": ("credentials", "credentials_id"),
    "docs_job": ("jobs", "docs_job_id"),
    "environment": ("environments", "environment_id"),
    "freshness_job": ("jobs", "freshness_job_id"),
    "project": ("projects", "project_id"),
    "repository": ("repositories", "repository_id"),
    "user": ("users", "user_id"),
}
# A field that holds all records that belong to this one: their kind, and their field that names it.
MANY = {
    ("environments", "custom_environment_variables"): ("environment-variables", "environment_id"),
    ("environments", "jobs"): ("jobs", "environment_id"),
    ("groups", "group_permissions"): ("group-permissions", "group_id"),
    ("projects", "environments"): ("environments", "project_id"),
    ("projects", "group_permissions"): ("group-permissions", "project_id"),
    ("service-tokens", "service_token_permissions"): (
        "service-token-permissions",
        "service_token_id",
    ),
}


def show(
    service: DbtCloud, kind: str, record: Record, schema: Schema, schemas: Schemas
) -> dict[str, Any]:
    """Show a record in full, with what is related where the schema has a place for it."""
    shown = visible(service, kind, record)
    for name in properties(schema, schemas):
        if shown.get(name) is not None:
            continue
        if (kind, name) in MANY:
            other, field = MANY[kind, name]
            shown[name] = [
                bare(one)
                for one in service.records.all(other)
                if one.get(field) == record["id"] and one.get("state") != DELETED
            ]
        elif name in ONE:
            other, field = ONE[name]
            related = service.records.get(other, record.get(field))
            shown[name] = None if related is None else bare(related)
    return fill(shown, schema, schemas)


def visible(service: DbtCloud, kind: str, record: Record) -> dict[str, Any]:
    """Return the fields of a record that may be seen, and what its kind adds."""
    return {**bare(record), **row(kind).show(service, record)}


def bare(record: Record) -> dict[str, Any]:
    """Return the fields of a record that may be seen."""
    return {name: value for name, value in record.items() if not name.startswith("_")}
