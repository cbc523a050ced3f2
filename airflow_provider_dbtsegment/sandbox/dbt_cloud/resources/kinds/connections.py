"""Warehouse connections, of the account and of projects. Runs build in DuckDB all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import ApiError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.kinds.adapter_schemas import (
    connection_schema,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

TYPES = ("postgres", "redshift", "snowflake", "bigquery")


def prepare(call: Call, draft: Draft, old: Record | None) -> None:
    """Check the configuration by its adapter, and let type and adapter version say the same."""
    config = call.body.get("config")
    if config is not None:
        schemas = call.operation.schemas
        name = connection_schema(draft["adapter_version"])
        check(config, schemas[name if old is None else f"Optional{name}"], schemas)
    if draft.get("type") is None:
        name = str(draft.get("adapter_version")).rpartition("_")[0]
        draft["type"] = name if name in TYPES else "adapter"
    elif draft.get("adapter_version") is None and draft["type"] in TYPES:
        draft["adapter_version"] = f"{draft['type']}_v0"


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show how many environments use it."""
    return {"environment__count": len(_users(service, record["id"]))}


def gone(call: Call, record: Record) -> None:
    """Refuse to delete what environments use, unless their project goes as well."""
    users = _users(call.service, record["id"])
    if users and "projects" not in call.operation.path.split("/")[-3:]:
        names = ", ".join(str(one["name"]) for one in users)
        raise ApiError(400, f"Connection {record['id']} is used by the environments {names}.")


def test(call: Call) -> Response:
    """Answer that a connection can be made: all of them lead to the sandbox's DuckDB."""
    about = as_object(call.body)
    return reply(call, {"success": True, "type": about.get("type"), "message": "Connected."})


def _users(service: DbtCloud, connection_id: Id) -> list[Record]:
    return [
        one
        for one in service.records.all("environments")
        if one.get("connection_id") == connection_id and one.get("state") != DELETED
    ]


HANDLERS = {("POST", "/api/v3/accounts/{account_id}/connections/test/"): test}
