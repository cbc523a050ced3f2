"""Private endpoints, which lead nowhere in the sandbox but are always ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def prepare(_: Call, draft: Draft, old: Record | None) -> None:
    """Let a new one be ready at once."""
    if old is None:
        draft.update({name: draft.get(name, value) for name, value in READY.items()})
