"""Notifications of runs; nobody is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call


def unsubscribe(call: Call) -> Response:
    """Delete all notifications of the user who asks."""
    mine = [
        one
        for one in call.records.all("notifications")
        if one.get("user_id") == call.actor.user_id and one.get("state") != DELETED
    ]
    with call.records.transaction():
        for one in mine:
            writing.end(call, row("notifications"), one)
    return reply(call, {"removed": [one["id"] for one in mine]})


HANDLERS = {("POST", "/api/v2/notifications/unsubscribe/"): unsubscribe}
