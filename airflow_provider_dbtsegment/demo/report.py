"""The table at the end, and the same for programs: `summary.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from .outcome import Outcome
from .scenarios import BUILD

DBT_SUMMARY = ("run_id", "status", "nodes")
SYNC_SUMMARY = ("sync_id", "status", "extracted", "delivered", "rejected")


def write_summary(path: Path, scenario: str, outcome: Outcome, seconds: float) -> None:
    """Write `summary.json`."""
    summary = {
        "dag_run_state": outcome.state,
        "scenario": scenario,
        "dbt": {key: outcome.dbt.get(key) for key in DBT_SUMMARY},
        "syncs": [{key: sync.get(key) for key in SYNC_SUMMARY} for sync in outcome.syncs],
        "seconds": round(seconds, 1),
    }
    path.write_text(json.dumps(summary, indent=2) + "\n")


def table(outcome: Outcome, parts: Mapping[str, float], total: float) -> Table:
    """Return the table of everything that was done, and how long it took."""
    shown = Table(title="dbt to Segment", title_justify="left")
    shown.add_column("part")
    shown.add_column("result")
    shown.add_column("seconds", justify="right")
    for name in [stage for stage in parts if stage != "DAG run"]:
        shown.add_row(name, "", f"{parts[name]:.1f}")
    shown.add_section()
    syncs = {sync["task_id"]: sync for sync in outcome.syncs}
    for task in outcome.tasks.values():
        if task.task_id == BUILD:
            result = dbt_result(outcome.dbt) or task.state
        elif task.task_id in syncs:
            result = sync_result(syncs[task.task_id])
        else:
            result = {"upstream_failed": "not run"}.get(task.state, task.state)
        shown.add_row(task.task_id, result, f"{task.seconds:.1f}")
    shown.add_section()
    shown.add_row("DAG run", outcome.state, f"{parts.get('DAG run', 0):.1f}")
    shown.add_row("all", "", f"{total:.1f}")
    return shown


def dbt_result(dbt: dict[str, Any]) -> str:
    """Say what dbt has built and tested, for example `9 models built, 22 tests passed`."""
    resources = dbt.get("resources") or {}
    words = []
    for resource, done, status in (
        ("seed", "loaded", "success"),
        ("model", "built", "success"),
        ("test", "passed", "pass"),
    ):
        counts = resources.get(resource) or {}
        if counts:
            words.append(f"{some(counts.get(status, 0), resource)} {done}")
            words += [
                f"{some(count, resource)} {other}"
                for other, count in sorted(counts.items())
                if other != status
            ]
    return ", ".join(words)


def some(count: int, noun: str) -> str:
    """Return `1 model`, `2 models`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def sync_result(sync: dict[str, Any]) -> str:
    """Say what a sync has carried, for example `120 rows extracted, 120 delivered, 0 rejected`."""
    if "extracted" not in sync:
        return str(sync.get("status") or "started")
    return (
        f"{some(sync['extracted'], 'row')} extracted, {sync['delivered']} delivered, "
        f"{sync['rejected']} rejected"
    )
