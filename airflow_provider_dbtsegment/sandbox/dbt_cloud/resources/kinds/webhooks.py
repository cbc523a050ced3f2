"""Webhook subscriptions, and what was sent to them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import actions, filters, writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply,
    reply_all,
    reply_page,
    reply_record,
    shown_by,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row
from airflow_provider_dbtsegment.sandbox.dbt_cloud.webhook_delivery import (
    EVENT_TYPES,
    EVENTS,
    RECEIPTS,
    SUBSCRIPTIONS,
)

if TYPE_CHECKING:
    from fastapi.responses import Response

    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Draft

PATH = "/api/v3/accounts/{account_id}/webhooks/"
ONE = PATH + "subscription/{subscription_id}"


def prepare(call: Call, draft: Draft, _: Record | None) -> None:
    """Check events and URL."""
    for one in draft["event_types"]:
        if one not in EVENT_TYPES:
            raise InvalidError("event_types", f"{one!r} is none of {', '.join(EVENT_TYPES)}.")
    if not draft["client_url"].startswith(("https://", "http://")):
        raise InvalidError("client_url", "Must be an http or https URL.")
    draft["account_identifier"] = str(call.service.account_id)
    draft.setdefault("job_ids", [])


def create(call: Call) -> Response:
    """Make a subscription; only this answer holds the key that signs what is sent."""
    key = secrets.token_hex(16)
    fields = {**actions.read_new(call, row(SUBSCRIPTIONS)), "_secret": key}
    record = writing.make(call, row(SUBSCRIPTIONS), fields)
    return reply_record(call, SUBSCRIPTIONS, record, hmac_secret=key)


def delete(call: Call) -> Response:
    """Delete a subscription."""
    record = writing.end(call, row(SUBSCRIPTIONS), _subscription(call))
    return reply(call, {"id": record["id"]})


def test(call: Call) -> Response:
    """Send an event that means nothing."""
    return reply(call, {"event_id": call.service.webhooks.send_test(_subscription(call))})


def list_events(call: Call) -> Response:
    """List what was sent to a subscription."""
    subscription = _subscription(call)
    found = _where(call, EVENTS, subscription_id=subscription["id"])
    page = filters.select(found, call.query, call.operation)
    return reply_page(call, page, [shown_by(call, EVENTS, one) for one in page.items])


def show_event(call: Call) -> Response:
    """Show one event."""
    return reply_record(call, EVENTS, call.known(EVENTS, call.path["event_id"]))


def list_receipts(call: Call) -> Response:
    """List the tries to send an event."""
    event = call.known(EVENTS, call.path["event_id"])
    found = _where(call, RECEIPTS, event_id=event["id"], **_only(call))
    return reply_all(call, [shown_by(call, RECEIPTS, one) for one in found])


def show_receipt(call: Call) -> Response:
    """Show one try."""
    return reply_record(call, RECEIPTS, call.known(RECEIPTS, call.path["receipt_id"]))


def _subscription(call: Call) -> Record:
    return call.known(SUBSCRIPTIONS, call.path["subscription_id"])


def _only(call: Call) -> dict[str, Any]:
    return {name: one for name, one in call.path.items() if name == "subscription_id"}


def _where(call: Call, kind: str, **wanted: Any) -> list[Record]:
    return [
        one
        for one in call.records.all(kind)
        if all(one.get(name) == value for name, value in wanted.items())
    ]


HANDLERS = {
    ("POST", PATH + "subscriptions"): create,
    ("DELETE", ONE): delete,
    ("GET", ONE + "/test"): test,
    ("GET", ONE + "/events"): list_events,
    ("GET", ONE + "/event/{event_id}/receipt"): list_receipts,
    ("GET", PATH + "event/{event_id}"): show_event,
    ("GET", PATH + "event/{event_id}/receipts"): list_receipts,
    ("GET", PATH + "receipt/{receipt_id}"): show_receipt,
}
