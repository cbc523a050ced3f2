"""What a run did, in numbers, and why it failed, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep, status_label
from airflow_provider_dbtsegment.exceptions import NotFoundError
from airflow_provider_dbtsegment.outcomes import seconds_between

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

#: A summary lists so many failed nodes at most, with so many characters of each message.
MAX_FAILED = 20
MAX_MESSAGE = 500
#: Of a step that left no results, so many lines of its log are shown.
LOG_TAIL = 15

#: The statuses of nodes that make a run fail.
FAILED_STATUSES = frozenset({"error", "fail", "runtime error"})

_WITH_RESULTS = re.compile(r"\bdbt\b.*?\s(build|run|test|seed|snapshot|retry|clone)\b")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class FailedNode(TypedDict):
    """A model, test, seed or snapshot that failed."""

    name: str
    resource_type: str
    status: str
    message: str
    step: str


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
    nodes = Counter(result["status"] for result in results.values())
    resources: dict[str, Counter[str]] = {}
    for unique_id, result in results.items():
        resources.setdefault(_type(unique_id), Counter())[result["status"]] += 1
    failed = [
        _failed(unique_id, result)
        for unique_id, result in results.items()
        if result["status"] in FAILED_STATUSES
    ]
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
        failed_nodes=failed[:MAX_FAILED],
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
            f"- {node['resource_type']} {node['name']} ({node['status']}): {node['message']}"
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


def _results(api: DbtCloudApi, run: Run, steps: Iterable[RunStep]) -> dict[str, dict[str, Any]]:
    """Return the last result of every node, with the step that gave it."""
    results: dict[str, dict[str, Any]] = {}
    account: Any = run.get("account_id")
    for step in steps:
        name, index = str(step.get("name")), step.get("index")
        if not _WITH_RESULTS.search(name) or not isinstance(index, int) or index < 1:
            continue
        try:
            found = api.get_run_artifact(
                run["id"],
                "run_results.json",
                step=index,
                account_id=account if type(account) is int else None,
            )
        except NotFoundError:
            continue
        entries = found.get("results") if isinstance(found, dict) else None
        for result in entries if isinstance(entries, list) else []:
            if not isinstance(result, dict):
                continue
            results[str(result.get("unique_id"))] = {
                "status": str(result.get("status")),
                "message": result.get("message"),
                "step": name,
            }
    return results


def _failed(unique_id: str, result: dict[str, Any]) -> FailedNode:
    plain = _ANSI.sub("", str(result["message"] or "no message"))
    message = " ".join(word for word in plain.split() if word.strip("^"))
    return FailedNode(
        name=_name(unique_id),
        resource_type=_type(unique_id),
        status=result["status"],
        message=message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "…",
        step=result["step"],
    )


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
    lines = [line.rstrip() for line in _ANSI.sub("", text).splitlines()]
    return [line for line in lines if line][-LOG_TAIL:] or ["(empty)"]
