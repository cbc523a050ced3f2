"""The audit log, and exports of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud import audit_log
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources import filters, writing
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.replies import (
    reply,
    reply_page,
    shown_by,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

PATH = "/api/v3/accounts/{account_id}/audit-logs/"
EXPORTS = "audit-log-exports"


def list_entries(call: Call) -> Response:
    """List entries, newest first."""
    found = _entries(call)[::-1]
    page = filters.select(found, call.query, call.operation, ordered=True)
    return reply_page(call, page, [shown_by(call, audit_log.KIND, one) for one in page.items])


def download(call: Call) -> Response:
    """Send entries as a CSV file: of an export those that there were when it was asked for."""
    entries = _entries(call)
    if "export" in call.query:
        made = call.known(EXPORTS, call.query["export"])
        entries = [one for one in entries if one["created_at"] <= made["created_at"]]
    head = {"Content-Disposition": 'attachment; filename="audit_log.csv"'}
    return Response(audit_log.as_csv(entries), media_type="text/csv", headers=head)


def start_export(call: Call) -> Response:
    """Make an export; it is there at once."""
    return reply(call, {"job_id": writing.make(call, row(EXPORTS), {})["id"]})


def show_export(call: Call) -> Response:
    """Tell that no export is under way."""
    return reply(call, {"is_running": False})


def download_export(call: Call) -> Response:
    """Tell where an export can be fetched, with the same token."""
    made = call.known(EXPORTS, call.path["job_identifier"])
    path = PATH.format(account_id=call.service.account_id)
    return reply(call, {"download_url": f"{call.base_url}{path}download/?export={made['id']}"})


def _entries(call: Call) -> list[Record]:
    return audit_log.between(call.records.all(audit_log.KIND), call.query)


HANDLERS = {
    ("GET", PATH): list_entries,
    ("GET", PATH + "download/"): download,
    ("GET", PATH + "export/"): show_export,
    ("POST", PATH + "export/"): start_export,
    ("GET", PATH + "export/{job_identifier}/download/"): download_export,
}
