"""What a sync did and why it failed, in words, for the person who reads the task log."""

from __future__ import annotations

from airflow_provider_dbtsegment.outcomes import seconds_between
from airflow_provider_dbtsegment.segment.summary import SyncSummary
from airflow_provider_dbtsegment.texts import duration, table


def describe(summary: SyncSummary) -> str:
    """Return a summary in one line."""
    return (
        f"{_ended(summary)}; {summary['extracted']} rows extracted ({summary['added']} "
        f"added, {summary['updated']} updated, {summary['deleted']} deleted), "
        f"{summary['delivered']} delivered, {summary['rejected']} rejected"
    )


def report(summary: SyncSummary) -> str:
    """Return what a sync did, as a small table."""
    extract = seconds_between(summary["extract_started_at"], summary["extract_finished_at"])
    load = seconds_between(summary["load_started_at"], summary["load_finished_at"])
    rows: list[list[str | int]] = [
        ["extract", duration(extract), "added", summary["added"]],
        ["", "", "updated", summary["updated"]],
        ["", "", "deleted", summary["deleted"]],
        ["load", duration(load), "delivered", summary["delivered"]],
        ["", "", "rejected", summary["rejected"]],
    ]
    head = f"Segment sync {summary['sync_id']} of model {summary['model_id']}: {_ended(summary)}."
    return "\n".join([head, "", *table(("phase", "took", "", "rows"), rows)])


def why_failed(summary: SyncSummary) -> str:
    """Return why a sync ended without success."""
    return (
        f"Segment sync {summary['sync_id']} of model {summary['model_id']} ended with status "
        f"{describe(summary)}. Segment says: {summary['error'] or 'nothing'}"
    )


def why_rejected(summary: SyncSummary) -> str:
    """Return why a sync that rejected rows is not accepted."""
    delivered, rejected = summary["delivered"], summary["rejected"]
    says = f" Segment says: {summary['error']}" if summary["error"] else ""
    return (
        f"Segment sync {summary['sync_id']} of model {summary['model_id']} ended with status "
        f"{summary['status']} and delivered {delivered:,} of {delivered + rejected:,} rows; the "
        f"destination rejected {rejected:,}. {summary['decision']}{says}"
    )


def _ended(summary: SyncSummary) -> str:
    took = "" if summary["duration"] is None else f" after {duration(summary['duration'])}"
    return f"{summary['status']}{took}"
