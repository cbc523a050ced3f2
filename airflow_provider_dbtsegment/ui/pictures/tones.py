"""Which colour a state has: those of Airflow's own states, by name."""

from __future__ import annotations

_NODES = {
    "success": "success",
    "pass": "success",
    "created": "success",
    "no-op": "success",
    "warn": "warning",
    "partial success": "warning",
    "error": "failed",
    "fail": "failed",
    "runtime error": "failed",
    "skipped": "skipped",
}
_RUNS = {
    "success": "success",
    "error": "failed",
    "failed": "failed",
    "cancelled": "skipped",
    "queued": "queued",
    "starting": "queued",
    "running": "running",
}
_SYNCS = {"success": "success", "partial": "warning", "failed": "failed", "cancelled": "skipped"}
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
    return _NODES.get(status.lower(), "other")


def of_run(status: str) -> str:
    """Return the colour of a dbt Cloud run's or step's status."""
    return _RUNS.get(status.lower(), "other")


def of_sync(end: str) -> str:
    """Return the colour of how a sync ended."""
    return _SYNCS.get(end, "other")


def of_state(state: str) -> str:
    """Return the colour of a state of Airflow's."""
    return state if state in _STATES else "other"
