"""IP restrictions: rules of address ranges. The sandbox tells who would be let in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.bodies import as_object, check
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import reply, reply_record
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

SETS = "ip-restrictions-set"
THE_SET = 1
DENY = 2
PATH = "/api/v3/accounts/{account_id}/ip-restrictions-set/"


def prepare(call: Call, draft: Draft, _: Record | None) -> None:
    """Check the ranges, and enable the set when the rule says so."""
    draft["cidrs"] = [
        {**_range(one), "state": one.get("state", 1), "enabled": True} for one in draft["cidrs"]
    ]
    draft["ip_restriction_rule_set_id"] = THE_SET
    if draft.get("rule_set_enabled") is not None:
        _enable(call, enabled=draft["rule_set_enabled"])


def show(service: DbtCloud, record: Record) -> Mapping[str, Any]:
    """Show whether the rules count, and which rule a range belongs to."""
    the_set = service.records.get(SETS, THE_SET) or {}
    cidrs = [
        {**one, "id": number, "ip_restriction_rule_id": record["id"]}
        for number, one in enumerate(record["cidrs"], 1)
    ]
    return {
        "cidrs": cidrs,
        "rule_set_enabled": the_set.get("enabled", False),
        "enabled_for_service_tokens": False,
    }


def enable(call: Call) -> Response:
    """Let the rules count, or no longer."""
    body = as_object(call.body)
    check(body, call.operation.request, call.operation.schemas)
    return reply_record(call, SETS, _enable(call, enabled=body["enabled"]))


def validate(call: Call) -> Response:
    """Tell whether the caller's address would be let in, without one rule if that is named."""
    call.known(SETS, call.path["id"])
    rules = [
        one
        for one in call.records.all("ip-restrictions")
        if one.get("state") != DELETED and one["id"] != _left_out(call)
    ]
    return reply(call, {"is_valid_for_admin": _lets_in(rules, call.client)})


def _left_out(call: Call) -> Id | None:
    text = call.path.get("rule_id")
    return int(text) if text is not None and str(text).isdigit() else text


def _lets_in(rules: list[Record], client: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return True
    allowing = [one for one in rules if one["type"] != DENY]
    denying = [one for one in rules if one["type"] == DENY]
    is_denied = any(_holds(one, address) for one in denying)
    is_allowed = not allowing or any(_holds(one, address) for one in allowing)
    return is_allowed and not is_denied


def _holds(rule: Record, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(
        address in ipaddress.ip_network(one["cidr"], strict=False)
        for one in rule["cidrs"]
        if one["state"] != DELETED
    )


def _range(cidr: Mapping[str, Any]) -> dict[str, Any]:
    try:
        network = ipaddress.ip_network(cidr["cidr"], strict=False)
    except ValueError as error:
        raise InvalidError("cidrs", f"{error}.") from error
    return {"cidr": str(network)}


def _enable(call: Call, *, enabled: bool) -> Record:
    the_set = call.records.get(SETS, THE_SET)
    if the_set is not None:
        return writing.change(call, row(SETS), the_set, {"enabled": enabled})
    at = times.text(call.records.clock.now())
    fields = {"account_id": call.service.account_id, "state": 1, "enabled": enabled}
    return call.records.put(SETS, {"id": THE_SET, **fields, "created_at": at, "updated_at": at})


HANDLERS = {
    ("POST", PATH): enable,
    ("GET", PATH + "{id}/validate/"): validate,
    ("GET", PATH + "{id}/validate/{rule_id}"): validate,
}
