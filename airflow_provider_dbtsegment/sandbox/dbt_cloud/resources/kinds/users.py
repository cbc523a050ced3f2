"""Users, their licenses, and those who are invited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.actions import read_change
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply,
    reply_all,
    reply_record,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.showing import bare

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

ACCOUNT = "/api/v2/accounts/{account_id}/"
SEATS = {"developer": 100, "explorer": 0, "read_only": 100, "it": 10, "analyst": 10}


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show names and licenses."""
    licenses = [one for one in service.records.all("permissions") if one["user_id"] == record["id"]]
    shown = [{**bare(one), **show_license(service, one)} for one in licenses]
    return {
        "fullname": f"{record['first_name']} {record['last_name']}".strip(),
        "email_verified": True,
        "license": next(iter(shown), None),
        "permissions": shown,
        "licenses": {str(one["account_id"]): one for one in shown},
    }


def show_license(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show the groups that come with a license."""
    groups = [service.records.get("groups", one) for one in record["_group_ids"]]
    return {"groups": [one for one in groups if one is not None], "scim_managed": False}


def show_invite(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show the groups that an invited user will be in."""
    groups = [service.records.get("groups", one) for one in record.get("group_ids") or ()]
    return {"groups": [one for one in groups if one is not None]}


def update_license(call: Call) -> Response:
    """Change a license and the groups that come with it; state 2 shuts its user out."""
    old = call.known("permissions", call.path["id"])
    fields = read_change(call, row("permissions"), old)
    groups = call.body.get("groups")
    if isinstance(groups, list):
        ids = [one["id"] for one in groups if isinstance(one, Mapping) and "id" in one]
        fields["_group_ids"] = [one for one in ids if call.records.get("groups", one)]
    with call.records.transaction():
        changed = writing.change(call, row("permissions"), old, fields)
        if changed["state"] == DELETED:
            user = call.known("users", old["user_id"])
            call.records.put("users", {**user, "is_active": False})
    return reply_record(call, "permissions", changed)


def list_licenses(call: Call) -> Response:
    """List how many licenses of each type there are, and how many are taken."""
    held = [
        one["license_type"]
        for one in call.records.all("permissions")
        if one.get("state") != DELETED
    ]
    allocation = {
        name: {
            "limited": True,
            "over_limit": held.count(name) > seats,
            "total": seats,
            "in_use": held.count(name),
            "available": max(0, seats - held.count(name)),
            "assigned": held.count(name),
            "enterprise_plan": True,
        }
        for name, seats in SEATS.items()
    }
    return reply_all(call, [allocation])


def invite(call: Call) -> Response:
    """Keep an invitation for each address; nothing is sent."""
    body = as_object(call.body)
    check(body, call.operation.request, call.operation.schemas)
    addresses = list(dict.fromkeys(body["email_addresses"]))
    for address in addresses:
        if "@" not in address.strip("@"):
            raise InvalidError("email_addresses", f"{address!r} is not an email address.")
    with call.records.transaction():
        for address in addresses:
            fields = {
                "email_address": address,
                "license_type": body["license_type"],
                "group_ids": body.get("group_ids") or [],
            }
            writing.make(call, row("invites"), fields)
    return reply(call, {"sent": addresses})


HANDLERS = {
    ("POST", ACCOUNT + "permissions/{id}/"): update_license,
    ("GET", ACCOUNT + "licenses/"): list_licenses,
    ("POST", "/api/v3/accounts/{account_id}/invites/"): invite,
}
