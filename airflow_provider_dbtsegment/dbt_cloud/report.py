"""What a run did and why it failed, in words, for the person who reads the task log."""

from __future__ import annotations

import heapq

from airflow_provider_dbtsegment.dbt_cloud.step_logs import readable_lines
from airflow_provider_dbtsegment.dbt_cloud.summary import (
    MOST_OF_A_NAME,
    FailedNode,
    RunSummary,
    StepSummary,
    steps_of,
)
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep
from airflow_provider_dbtsegment.outcomes import node_status, seconds_between
from airflow_provider_dbtsegment.texts import WIDTH, duration, harmless, shortened, table

#: Of a step that left no results, so many lines of its log are shown,
LOG_TAIL = 15
#: of so many characters each.
MOST_OF_A_LINE = 500
#: A table shows all statuses of failures and, with these, so many columns; and so many of the
#: slowest nodes that took so many seconds.
MOST_COLUMNS = 7
MOST_SLOW = 5
WORTH_A_LINE = 1.0


def why_failed(run: Run, summary: RunSummary) -> str:
    """Return why a run ended without success."""
    broken = [step for step in steps_of(run) if step.get("status") == RunStatus.ERROR]
    where = " in " + ", ".join(
        f"step {harmless(s.get('index'), 20)}, {_name(s)}" for s in broken[:3]
    )
    lines = [
        f"dbt Cloud run {run['id']} of job {summary['job_id']} ended with status "
        f"{summary['status']}{where if broken else ''}."
    ]
    if run.get("status_message"):
        lines.append(f"dbt Cloud says: {harmless(run['status_message'], 2000)}")
    if summary["failed_nodes"]:
        lines.append(f"{_count_failed(summary)}:")
        lines.extend(
            f"- {node['resource_type']} {node['name']}{_in_file(node)} ({node['status']}): "
            f"{node['message']}"
            for node in summary["failed_nodes"]
        )
        if summary["more_failed_nodes"]:
            lines.append(f"- and {summary['more_failed_nodes']} more")
    explained = {node["step"] for node in summary["failed_nodes"]}
    silent = [step for step in broken if _name(step) not in explained]
    for step in silent[:3]:
        lines.append(f"The end of the log of {_name(step)}:")
        lines.extend(f"  {line}" for line in _tail(step))
    if len(lines) == 1 and run.get("status") == RunStatus.ERROR:
        lines.append("No step and no result says why.")
    lines.append(f"See {summary['run_url']}")
    return "\n".join(lines)


def report(summary: RunSummary) -> str:
    """Return what a run did, as a few small tables."""
    took = "" if summary["duration"] is None else f" after {duration(summary['duration'])}"
    lines = [f"dbt Cloud run {summary['run_id']}: {summary['status']}{took}."]
    if summary["steps"]:
        steps = [
            [f"{step['index']}", step["name"], step["status"], _took(step)]
            for step in summary["steps"]
        ]
        lines += ["", *table(("step", "command", "status", "took"), steps)]
    statuses = _columns(summary)
    if statuses:
        rows = [
            [kind, *(counts.get(status, 0) or None for status in statuses), sum(counts.values())]
            for kind, counts in summary["resources"].items()
        ]
        lines += ["", *table(("nodes", *statuses, "all"), rows)]
        left_out = {
            status: number for status, number in summary["nodes"].items() if status not in statuses
        }
        if left_out:
            told = ", ".join(f"{status} {number:,}" for status, number in left_out.items())
            lines.append(shortened(f"Left out: {len(left_out)} statuses: {told}", WIDTH))
    slowest = _slowest(summary)
    if slowest:
        lines += ["", *table(("slowest", "type", "took", "thread"), slowest)]
    return "\n".join(lines)


def _columns(summary: RunSummary) -> list[str]:
    """Return the statuses of the table: all failures, and others as far as there is room."""
    ordered = sorted(summary["nodes"], key=lambda status: node_status(status).severity)
    failures = sum(node_status(status).is_failure for status in ordered)
    return ordered[: max(failures, MOST_COLUMNS)]


def _name(step: RunStep) -> str:
    return harmless(step.get("name"), MOST_OF_A_NAME)


def _took(step: StepSummary) -> str:
    return duration(seconds_between(step["started_at"], step["finished_at"]))


def _slowest(summary: RunSummary) -> list[list[str]]:
    """Return the nodes that took longest, of those that took their time."""
    timeline = summary["timeline"]
    if timeline is None:
        return []
    nodes = [node for node in timeline["nodes"] if node[4] >= WORTH_A_LINE]
    return [
        [
            node[0],
            timeline["types"][node[1]],
            duration(node[4]),
            "" if node[5] is None else timeline["threads"][node[5]],
        ]
        for node in heapq.nlargest(MOST_SLOW, nodes, key=lambda node: float(node[4]))
    ]


def _in_file(node: FailedNode) -> str:
    """Return where a node is defined, unless its message says it."""
    path = node["path"]
    return f" in {path}" if path and path not in node["message"] else ""


def _count_failed(summary: RunSummary) -> str:
    parts = []
    for kind, counts in summary["resources"].items():
        number = sum(number for status, number in counts.items() if node_status(status).is_failure)
        if number:
            parts.append(f"{number} {kind}{'s' if number > 1 else ''}")
    skipped = summary["nodes"].get("skipped", 0)
    return " and ".join(parts) + " failed" + (f", {skipped} skipped" if skipped else "")


def _tail(step: RunStep) -> list[str]:
    lines = readable_lines(step.get("logs"))[-LOG_TAIL:]
    return [_indented(line) for line in lines] or ["(empty)"]


def _indented(line: str) -> str:
    words = line.lstrip()
    return " " * (len(line) - len(words)) + harmless(words, MOST_OF_A_LINE)
