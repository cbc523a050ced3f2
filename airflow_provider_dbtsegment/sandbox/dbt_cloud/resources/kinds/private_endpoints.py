"""Private endpoints, which lead nowhere in the sandbox but are always ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import check

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft

READY = {
    "endpoint_state": "available",
    "connectivity_status": "connected",
    "provisioning_status": "completed",
    "connection_count": 0,
}


def prepare(call: Call, draft: Draft, old: Record | None) -> None:
    """Check what no document describes by what is answered, and let a new one be ready at once."""
    schemas = call.operation.schemas
    known = schemas["PrivateEndpointDetail"]["properties"]
    check(
        {name: one for name, one in draft.items() if name in known}, {"properties": known}, schemas
    )
    if old is None:
        draft.update({name: draft.get(name, value) for name, value in READY.items()})
