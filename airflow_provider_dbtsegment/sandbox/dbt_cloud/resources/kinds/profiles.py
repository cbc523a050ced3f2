"""Profiles: a connection with its credentials, for environments to share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show the environments that use it."""
    bindings = [
        {
            "id": one["id"],
            "name": one["name"],
            "type": one.get("type") or "deployment",
            "deployment_type": one.get("deployment_type") or "",
        }
        for one in service.records.all("environments")
        if one.get("primary_profile_id") == record["id"] and one.get("state") != DELETED
    ]
    return {"primary_bindings": bindings, "catalog_bindings": []}
