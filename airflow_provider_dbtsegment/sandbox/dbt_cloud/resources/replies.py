"""Answers in the form that their operation documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse, Response

from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import enveloped, enveloped_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.contract import contract
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.schemas import (
    data_schema,
    has_data,
    item_schema,
    resolve,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import Page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.rows import row
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.showing import show


def reply(call: Call, data: Any) -> Response:
    """Answer with ``data``; where the document has no envelope, the fields stand there as well."""
    operation = call.operation
    content = enveloped(data, operation.status)
    if operation.answer is not None:
        whole = resolve(operation.answer, operation.schemas)
        if not has_data(whole) and isinstance(data, dict):
            content = {**data, **content}
    return JSONResponse(content, status_code=operation.status)


def reply_record(call: Call, kind: str, record: Record, **more: Any) -> Response:
    """Answer with a record, and with more of it than is ever shown again."""
    shown = shown_by(call, kind, record)
    data = {**shown, **more}
    schema = data_schema(call.operation)
    if schema is not None and schema.get("type") == "array":
        return reply_all(call, [data])
    return reply(call, data)


def reply_page(call: Call, page: Page[Any], shown: Sequence[Any]) -> Response:
    """Answer with a page of a list."""
    return JSONResponse(enveloped_page(page, shown), status_code=call.operation.status)


def reply_all(call: Call, shown: Sequence[Any]) -> Response:
    """Answer with a list that is never cut."""
    page = Page(list(shown), len(shown), max(len(shown), 1), 0, "id", {})
    return reply_page(call, page, shown)


def reply_gone(call: Call, kind: str, record: Record) -> Response:
    """Answer a deletion: 204, or what was deleted to a client that announces JSON.

    The vendor's own client parses the answer of every request, and announces JSON with each.
    """
    if not call.announces_json or call.operation.status != 204:
        return Response(status_code=call.operation.status)
    return JSONResponse(enveloped(shown_by(call, kind, record), 200))


def shown_by(call: Call, kind: str, record: Record) -> dict[str, Any]:
    """Show a record as the operation's document has it."""
    operation = call.operation
    shown = show(call.service, kind, record, item_schema(operation) or {}, operation.schemas)
    for name in row(kind).twins:
        schemas = contract().schemas_with(name)
        shown = {**show(call.service, kind, record, schemas[name], schemas), **shown}
    return {**shown, **row(kind).related(call, record)}
