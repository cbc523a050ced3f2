"""Who changed what: each write leaves an entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import InvalidError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.identifiers import new_id

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record, RecordStore
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.call import Call

KIND = "audit-log-entries"
COLUMNS = ("id", "created_at", "source", "service", "actor", "event_type", "event_context")


def note(call: Call, noun: str, verb: str, record: Mapping[str, Any]) -> None:
    """Note what a request has done to a record."""
    account_id = call.service.account_id
    add(call.records, account_id, call.actor, noun, verb, record)


def add(
    records: RecordStore,
    account_id: int,
    actor: Actor,
    noun: str,
    verb: str,
    record: Mapping[str, Any],
) -> None:
    """Add an entry: an actor has done something to a record of the account."""
    label = noun.replace("_", " ")
    records.put(
        KIND,
        {
            "id": new_id(),
            "account_id": account_id,
            "source": "api",
            "service": "sandbox",
            "actor": {"type": actor.kind, "id": actor.id, "name": actor.name},
            "event_type": f"v1.events.{noun}.{verb}",
            "event_label": f"{label} {verb}".capitalize(),
            "event_context": {
                "id": record.get("id"),
                "name": record.get("name"),
                "project_id": record.get("project_id"),
            },
            "created_at": times.text(records.clock.now()),
        },
    )


def between(entries: Iterable[Record], query: Mapping[str, str]) -> list[Record]:
    """Return the entries of ``logged_at_start`` to ``logged_at_end``, both days included.

    :raises InvalidError: when one is no date.
    """
    first, last = (_day(query, f"logged_at_{end}") for end in ("start", "end"))
    return [
        one
        for one in entries
        if (first is None or one["created_at"][:10] >= first)
        and (last is None or one["created_at"][:10] <= last)
    ]


def as_csv(entries: Iterable[Record]) -> str:
    """Write entries as a CSV file with a line of names."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(entries)
    return text.getvalue()


def _day(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise InvalidError(name, "Write a date as 2026-01-31.") from error
