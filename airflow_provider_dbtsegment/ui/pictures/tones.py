"""Which colour a state has: those of Airflow's own states, by name."""

from __future__ import annotations

from airflow_provider_dbtsegment.outcomes import Outcome, node_status
from airflow_provider_dbtsegment.ui.reading.sync import Sync

_RUNS = {
    "success": "success",
    "error": "failed",
    "failed": "failed",
    "cancelled": "skipped",
    "queued": "queued",
    "starting": "queued",
    "running": "running",
}
_SYNCS = {
    Outcome.SUCCESS: "success",
    Outcome.PARTIAL: "warning",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "skipped",
}
_STATES = {
    "success",
    "failed",
    "running",
    "queued",
    "scheduled",
    "deferred",
    "skipped",
    "upstream_failed",
    "up_for_retry",
    "up_for_reschedule",
    "restarting",
    "removed",
}
#: The order in which pictures and legends name them.
TONES = ("failed", "warning", "success", "skipped", "other")


def of_node(status: str) -> str:
    """Return the colour of a dbt node's status."""
    return node_status(status).tone


def of_run(status: str) -> str:
    """Return the colour of a dbt Cloud run's or step's status."""
    return _RUNS.get(status.lower(), "other")


def of_sync(sync: Sync) -> str:
    """Return the colour of how a sync ended; a success with rejected rows is none."""
    end = Outcome.PARTIAL if sync.end is Outcome.SUCCESS and sync.rows.rejected else sync.end
    return _SYNCS[end] if end else "other"


def of_state(state: str) -> str:
    """Return the colour of a state of Airflow's."""
    return state if state in _STATES else "other"
