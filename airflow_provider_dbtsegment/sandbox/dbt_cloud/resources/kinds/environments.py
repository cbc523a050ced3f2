"""Environments: what dbt is told of one comes from its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply_gone

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def prepare(_: Call, draft: Draft, old: Record | None) -> None:
    """Refuse to move an environment to another project."""
    if old is not None and draft["project_id"] != old["project_id"]:
        raise InvalidError("project_id", "An environment stays in its project.")


def show(_: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show which dbt its runs use, whatever version it asks for."""
    return {
        "raw_dbt_version": version("dbt-core"),
        "is_deferrable": record.get("deployment_type") == "production",
    }


def clear_cache(call: Call) -> Response:
    """Answer that the cache is gone; the sandbox has none."""
    environment = call.known("environments", call.path["environment_id"])
    return reply_gone(call, "environments", environment)


HANDLERS = {
    (
        "DELETE",
        "/api/v3/accounts/{account_id}/environments/{environment_id}/sao-cache/",
    ): clear_cache,
}
