"""What a run did, in numbers, and why it failed, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow_provider_dbtsegment.dbt_cloud.results import (
    FAILED_STATUSES,
    NodeResult,
    Step,
    find_files,
    read_results,
    without_colours,
)
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep, status_label
from airflow_provider_dbtsegment.exceptions import NotFoundError
from airflow_provider_dbtsegment.outcomes import seconds_between

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

#: A summary lists so many failed nodes at most.
MAX_FAILED = 20
#: Of a step that left no results, so many lines of its log are shown.
LOG_TAIL = 15

_WITH_RESULTS = re.compile(r"\bdbt\b.*?\s(build|run|test|seed|snapshot|retry|clone)\b")


class FailedNode(TypedDict):
    """A model, test, seed or snapshot that failed; the path is that of its file in the project."""

    name: str
    resource_type: str
    status: str
    message: str
    step: str
    path: str


class RunSummary(TypedDict):
    """
    A run in a few numbers, small enough for an XCom; times in seconds.

    ``nodes`` counts by dbt's status, ``resources`` by type and status. ``failed_nodes`` holds the
    first ones, ``more_failed_nodes`` says how many it leaves out.
    """

    run_id: int
    run_url: str
    job_id: int | None
    status: str
    duration: float | None
    steps: list[dict[str, Any]]
    nodes: dict[str, int]
    resources: dict[str, dict[str, int]]
    failed_nodes: list[FailedNode]
    more_failed_nodes: int


def run_url(run: Run, base_url: str) -> str:
    """Return the address of a run's page."""
    href = run.get("href")
    if href and isinstance(href, str):
        return href
    return (
        f"{base_url}/deploy/{run.get('account_id')}/projects/{run.get('project_id')}"
        f"/runs/{run['id']}"
    )


def summarize(api: DbtCloudApi, run: Run) -> RunSummary:
    """
    Sum up a run that has ended, from what dbt left behind in each of its steps.

    :param run: With its ``run_steps``.
    :raises RequestError: When an artifact cannot be read; one that is missing is none.
    """
    steps = _steps(run)
    results = _results(api, run, steps)
    nodes = Counter(result.status for result in results.values())
    resources: dict[str, Counter[str]] = {}
    for unique_id, result in results.items():
        resources.setdefault(_type(unique_id), Counter())[result.status] += 1
    failed = {unique_id: result for unique_id, result in results.items() if result.failed}
    return RunSummary(
        run_id=run["id"],
        run_url=run_url(run, api.settings.transport.base_url),
        job_id=run.get("job_definition_id"),
        status=status_label(run.get("status")),
        duration=seconds_between(run.get("started_at"), run.get("finished_at")),
        steps=[
            {"name": step.get("name"), "status": status_label(step.get("status"))} for step in steps
        ],
        nodes=dict(nodes),
        resources={kind: dict(counts) for kind, counts in resources.items()},
        failed_nodes=_failed_nodes(api, dict(islice(failed.items(), MAX_FAILED))),
        more_failed_nodes=max(0, len(failed) - MAX_FAILED),
    )


def why_failed(run: Run, summary: RunSummary) -> str:
    """Return why a run ended without success, for the person who reads the task log."""
    steps = _steps(run)
    broken = [step for step in steps if step.get("status") == RunStatus.ERROR]
    where = " in " + ", ".join(f"step {s.get('index')}, {s.get('name')}" for s in broken[:3])
    lines = [
        f"dbt Cloud run {run['id']} of job {run.get('job_definition_id')} ended with status "
        f"{summary['status']}{where if broken else ''}."
    ]
    if run.get("status_message"):
        lines.append(f"dbt Cloud says: {run['status_message']}")
    if summary["failed_nodes"]:
        lines.append(f"{_count_failed(summary)}:")
        lines.extend(
            f"- {node['resource_type']} {node['name']}{_in_file(node)} ({node['status']}): "
            f"{node['message']}"
            for node in summary["failed_nodes"]
        )
        if summary["more_failed_nodes"]:
            lines.append(f"- and {summary['more_failed_nodes']} more")
    else:
        for step in broken[:3]:
            lines.append(f"The end of the log of {step.get('name')}:")
            lines.extend(f"  {line}" for line in _tail(step))
    lines.append(f"See {summary['run_url']}")
    return "\n".join(lines)


def describe(summary: RunSummary) -> str:
    """Return a summary in one line."""
    kinds = (
        f"{kind}s: " + ", ".join(f"{number} {status}" for status, number in counts.items())
        for kind, counts in summary["resources"].items()
    )
    took = "" if summary["duration"] is None else f" after {summary['duration']:.0f} s"
    return f"{summary['status']}{took}; " + ("; ".join(kinds) or "no results")


def _steps(run: Run) -> list[RunStep]:
    """Return the steps of a run that can be read."""
    steps: Any = run.get("run_steps")
    if not isinstance(steps, list):
        return []
    return [cast("RunStep", step) for step in steps if isinstance(step, dict)]


def _results(api: DbtCloudApi, run: Run, steps: Iterable[RunStep]) -> dict[str, NodeResult]:
    """Return the last result of every node."""
    results: dict[str, NodeResult] = {}
    account: Any = run.get("account_id")
    for one in steps:
        name, index = str(one.get("name")), one.get("index")
        if not _WITH_RESULTS.search(name) or not isinstance(index, int) or index < 1:
            continue
        step = Step(run["id"], index, name, account if type(account) is int else None)
        with suppress(NotFoundError):
            results |= read_results(api, step)
    return results


def _failed_nodes(api: DbtCloudApi, failed: dict[str, NodeResult]) -> list[FailedNode]:
    if not failed:
        return []
    last = max((result.step for result in failed.values()), key=lambda step: step.number)
    files = find_files(api, last, failed)
    return [
        FailedNode(
            name=_name(unique_id),
            resource_type=_type(unique_id),
            status=result.status,
            message=result.message,
            step=result.step.name,
            path=files.get(unique_id, ""),
        )
        for unique_id, result in failed.items()
    ]


def _in_file(node: FailedNode) -> str:
    """Return where a node is defined, unless its message says it."""
    path = node["path"]
    return f" in {path}" if path and path not in node["message"] else ""


def _count_failed(summary: RunSummary) -> str:
    parts = []
    for kind, counts in summary["resources"].items():
        number = sum(counts.get(status, 0) for status in FAILED_STATUSES)
        if number:
            parts.append(f"{number} {kind}{'s' if number > 1 else ''}")
    skipped = summary["nodes"].get("skipped", 0)
    return " and ".join(parts) + " failed" + (f", {skipped} skipped" if skipped else "")


def _type(unique_id: str) -> str:
    return unique_id.split(".")[0]


def _name(unique_id: str) -> str:
    """Return ``customers`` of ``model.shop.customers``, and a test's name without its hash."""
    parts = unique_id.split(".")
    return ".".join(parts[2:3] if parts[0] == "test" else parts[2:]) or unique_id


def _tail(step: RunStep) -> list[str]:
    logs = step.get("logs")
    text = logs if isinstance(logs, str) else ""
    lines = [line.rstrip() for line in without_colours(text).splitlines()]
    return [line for line in lines if line][-LOG_TAIL:] or ["(empty)"]
