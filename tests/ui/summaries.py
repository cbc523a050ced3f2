"""Summaries as the operators leave them in XComs, of runs of any size; the same at every call."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import Any

BEGAN = datetime(2026, 3, 1, 4, 0, tzinfo=timezone.utc)
THREADS = 8
COMMAND = "Invoke dbt with `dbt build`"
MESSAGE = 'Runtime Error: column "emial" not found in FROM clause'


def at(seconds: float, began: datetime = BEGAN) -> str:
    """Return a moment after the beginning, as a summary has it."""
    return (began + timedelta(seconds=seconds)).isoformat()


def dbt_run(
    nodes: int = 40,
    *,
    began: datetime = BEGAN,
    threads: int = THREADS,
    failed: Collection[int] = (),
    skipped_for: int = 3,
    seed: int = 7,
    names: dict[int, str] | None = None,
    slow: dict[int, float] | None = None,
) -> dict[str, Any]:
    """
    Return the summary of a run.

    :param failed: The models that fail, by their number.
    :param skipped_for: How many of the last models wait for each failed one.
    :param seed: Makes the times differ from run to run.
    :param names: What some models are called instead.
    :param slow: How many times longer than usual some models take.
    """
    names, slow = names or {}, slow or {}
    usual, today = random.Random(1), random.Random(seed)  # noqa: S311 (no secrets)
    skipped = {nodes - 1 - n: cause for n, cause in enumerate(sorted(failed) * skipped_for)}
    skipped = {number: cause for number, cause in skipped.items() if number not in failed}
    free = [0.0] * threads
    rows: list[list[Any]] = []
    number_of: list[int] = []
    for number in range(nodes):
        takes = round(usual.lognormvariate(0.5, 0.9) * today.uniform(0.9, 1.1), 3)
        takes = round(takes * slow.get(number, 1.0), 3)
        kind = 1 if number % 4 == 3 else 0
        prefix = ("model_", "not_null_")[kind]
        name = names.get(number, f"{prefix}{number:04d}_of_the_shop")
        number_of.append(number)
        if number in skipped:
            rows.append([name, kind, 2, round(max(free), 3), 0, None, 3])
            continue
        thread = min(range(threads), key=free.__getitem__)
        rows.append(
            [name, kind, 1 if number in failed else 0, round(free[thread], 3), takes, thread, 3]
        )
        free[thread] += takes + 0.05
    order = sorted(range(nodes), key=lambda place: rows[place][3])
    place_of = {number_of[old]: new for new, old in enumerate(order)}
    rows = [rows[old] for old in order]
    took = round(max(free) + 12, 3)
    statuses = ["success", "error", "skipped"]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[("model", "test")[row[1]]][statuses[row[2]]] += 1
    lane = [place for place, row in enumerate(rows) if row[5] == free.index(max(free))]
    return {
        "run_id": 70_000 + seed,
        "run_url": f"https://cloud.getdbt.com/deploy/1/projects/2/runs/{70_000 + seed}",
        "job_id": 1000,
        "status": "error" if failed else "success",
        "duration": took,
        "started_at": at(0, began),
        "finished_at": at(took, began),
        "project": "Shop",
        "job_name": "Build shop",
        "steps": [
            _step(1, "Clone git repository", 0, 3, began),
            _step(2, "Create profile from connection DuckDB", 3, 5, began),
            _step(3, "Invoke dbt with `dbt deps`", 5, 10, began),
            _step(4, COMMAND, 10, took, began, "error" if failed else "success"),
        ],
        "nodes": dict(sum(counts.values(), Counter())),
        "resources": {kind: dict(one) for kind, one in counts.items()},
        "failed_nodes": [
            {
                "name": rows[place_of[number]][0],
                "resource_type": ("model", "test")[rows[place_of[number]][1]],
                "status": "error",
                "message": MESSAGE,
                "step": COMMAND,
                "path": f"models/{number}.sql",
                "node": place_of[number],
            }
            for number in sorted(failed)[:20]
        ],
        "more_failed_nodes": max(0, len(failed) - 20),
        "timeline": {
            "began": at(10, began),
            "threads": [f"Thread-{number + 1}" for number in range(threads)],
            "statuses": statuses,
            "types": ["model", "test"],
            "nodes": rows,
            "critical_path": lane[:60],
            "skipped": [[place_of[one], place_of[cause]] for one, cause in skipped.items()],
            "more_nodes": 0,
        },
    }


def page_of(mapping: str, tool: str) -> str:
    """Return the address of a mapping's page in Segment, which names the tool."""
    workspace = "https://app.segment.com/goto-my-workspace/reverse-etl"
    place = f"{workspace}/destinations/{tool}/sources/warehouse/instances/6f1a"
    return f"{place}/mappings/{mapping}/source-id/s1/model-id/m1/sync-details"


def _step(
    index: int, name: str, start: float, end: float, began: datetime, status: str = "success"
) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "status": status,
        "started_at": at(start, began),
        "finished_at": at(end, began),
    }


def sync(
    mapping: str,
    *,
    added: int = 120,
    updated: int = 30,
    deleted: int = 4,
    rejected: int = 0,
    began: datetime = BEGAN + timedelta(minutes=20),
    status: str | None = None,
    error: str = "",
    tool: str = "hubspot",
) -> dict[str, Any]:
    """Return the summary of a sync; so many of the changed rows were rejected."""
    changed = added + updated + deleted
    ended = status or ("PARTIAL_SUCCESS" if rejected else "SUCCESS")
    return {
        "sync_id": f"sync-{mapping}-{began:%Y%m%d%H%M}",
        "sync_url": page_of(mapping, tool),
        "model_id": f"{mapping}_model",
        "subscription_id": mapping,
        "status": ended,
        "duration": 95.0,
        "extracted": changed,
        "added": added,
        "updated": updated,
        "deleted": deleted,
        "delivered": changed - rejected,
        "rejected": rejected,
        "new_rejected": None,
        "new_rows": None,
        "passed": ended == "SUCCESS",
        "decision": "",
        "error": error,
        "started_at": at(0, began),
        "finished_at": at(95, began),
        "extract_started_at": at(2, began),
        "extract_finished_at": at(30, began),
        "load_started_at": at(31, began),
        "load_finished_at": at(94, began),
    }
