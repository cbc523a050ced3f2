"""The account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.showing import bare

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def prepare(_: Call, draft: Draft, __: Record | None) -> None:
    """Refuse to delete the only account there is."""
    if draft.get("state") == DELETED:
        raise InvalidError("state", "The sandbox's account cannot be deleted.")


def show(service: DbtCloud, _: Record) -> Mapping[str, Any]:
    """Show the account's groups."""
    groups = [one for one in service.records.all("groups") if one.get("state") != DELETED]
    return {"groups": [bare(one) for one in groups]}


def list_feature_flags(call: Call) -> Response:
    """List the feature flags: the one that tells the sandbox from the service."""
    return reply(call, {"sandbox": True})


HANDLERS = {("GET", "/api/v3/accounts/{account_id}/feature-flag/"): list_feature_flags}
