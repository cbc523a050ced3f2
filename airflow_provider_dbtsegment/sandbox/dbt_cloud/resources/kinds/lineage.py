"""Lineage integrations, with the same few collections behind each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply, reply_all
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

KIND = "lineage"
PATH = "/api/v3/accounts/{account_id}/projects/{project_id}/integrations/lineage/{id}/"
# A folder and what is in it.
FOLDERS = {
    ("sales", "Sales"): {"revenue": "Revenue by country", "orders": "Orders of the day"},
    ("support", "Support"): {"subscriptions": "Active subscriptions"},
}


def list_collections(call: Call) -> Response:
    """List the folders, or what is in one of them."""
    integration = call.known(KIND, call.path["id"])
    folder = call.path.get("collection_id") or call.query.get("collection_id")
    return reply_all(call, [{"collections": _collections(integration, folder)}])


def select_collections(call: Call) -> Response:
    """Begin or end to watch collections, and tell how many."""
    integration = call.known(KIND, call.path["id"])
    body = as_object(call.body)
    check(body, call.operation.request, call.operation.schemas)
    watched = set(integration.get("_watched", ()))
    wanted = {one["identifier"] for one in body.get("to_add") or ()}
    unwanted = set(body.get("to_remove") or ())
    after = (watched | wanted) - unwanted
    writing.change(call, row(KIND), integration, {"_watched": sorted(after)})
    return reply(call, {"added": len(after - watched), "removed": len(watched - after)})


def _collections(integration: Record, folder: Any) -> list[dict[str, Any]]:
    watched = integration.get("_watched", ())
    if folder is None:
        found, kind = dict(FOLDERS), "folder"
    else:
        inside = next((one for key, one in FOLDERS.items() if key[0] == folder), None)
        if inside is None:
            raise NotFoundError
        found, kind = {pair: {} for pair in inside.items()}, "dashboard"
    return [
        {"identifier": key, "name": name, "type": kind, "watching": key in watched}
        for key, name in found
    ]


HANDLERS = {
    ("GET", PATH + "collections/"): list_collections,
    ("GET", PATH + "collections/{collection_id}/"): list_collections,
    ("POST", PATH + "selections"): select_collections,
}
