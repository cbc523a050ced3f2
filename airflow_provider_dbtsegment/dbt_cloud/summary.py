"""What a run did, in numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow_provider_dbtsegment.dbt_cloud.graphs import graphs
from airflow_provider_dbtsegment.dbt_cloud.node_ids import node_name, node_type
from airflow_provider_dbtsegment.dbt_cloud.pages import run_url
from airflow_provider_dbtsegment.dbt_cloud.results import NodeResult, Step, find_files, read_results
from airflow_provider_dbtsegment.dbt_cloud.timeline import Timeline, make_timeline
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStep, status_label
from airflow_provider_dbtsegment.exceptions import NotFoundError
from airflow_provider_dbtsegment.outcomes import iso_time, seconds_between, seconds_of
from airflow_provider_dbtsegment.texts import harmless

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi

#: A summary lists so many failed nodes at most,
MAX_FAILED = 20
#: and so many steps, statuses and types.
MAX_STEPS = 100
MAX_KINDS = 50
#: Characters of the name of a step, a job or a project.
MOST_OF_A_NAME = 200

_WITH_RESULTS = re.compile(r"\bdbt\b.*?\s(build|run|test|seed|snapshot|retry|clone)\b")


class StepSummary(TypedDict):
    """A step of a run; ``index`` is dbt Cloud's number, times are in UTC by ISO 8601."""

    index: int | None
    name: str
    status: str
    started_at: str | None
    finished_at: str | None


class FailedNode(TypedDict):
    """
    A model, test, seed or snapshot that failed.

    ``path`` is that of its file in the project, ``node`` its place in the timeline's nodes.
    """

    name: str
    resource_type: str
    status: str
    message: str
    step: str
    path: str
    node: int | None


class RunSummary(TypedDict):
    """
    A run in a few numbers, small enough for an XCom; durations in seconds.

    ``nodes`` counts by dbt's status, ``resources`` by type and status. ``failed_nodes`` holds the
    first ones, ``more_failed_nodes`` says how many it leaves out. ``timeline`` is nothing where no
    results could be read.
    """

    run_id: int
    run_url: str
    job_id: int | None
    job_name: str | None
    project: str | None
    status: str
    started_at: str | None
    finished_at: str | None
    duration: float | None
    steps: list[StepSummary]
    nodes: dict[str, int]
    resources: dict[str, dict[str, int]]
    failed_nodes: list[FailedNode]
    more_failed_nodes: int
    timeline: Timeline | None


def summarize(api: DbtCloudApi, run: Run) -> RunSummary:
    """
    Sum up a run that has ended, from what dbt left behind in each of its steps.

    :param run: With its ``run_steps``.
    :raises RequestError: When an artifact cannot be read; one that is missing is none.
    """
    steps = steps_of(run)
    told = _steps(steps)
    results = _results(api, run, steps)
    nodes = Counter(result.status for result in results.values())
    resources: dict[str, Counter[str]] = {}
    for unique_id, result in results.items():
        resources.setdefault(node_type(unique_id), Counter())[result.status] += 1
    failed = {unique_id: result for unique_id, result in results.items() if result.failed}
    graph = graphs.of(api, run, _last_step(results)) if len(results) > 1 else None
    timeline, places = make_timeline(
        results, [step["index"] or 0 for step in told], seconds_of(run.get("started_at")), graph
    )
    job: Any = run.get("job_definition_id")
    return RunSummary(
        run_id=run["id"],
        run_url=run_url(run, api.settings.transport.base_url),
        job_id=job if type(job) is int else None,
        job_name=_name_in(run, "job"),
        project=_name_in(run, "project"),
        status=status_label(run.get("status")),
        started_at=iso_time(run.get("started_at")),
        finished_at=iso_time(run.get("finished_at")),
        duration=seconds_between(run.get("started_at"), run.get("finished_at")),
        steps=told,
        nodes=_most_common(nodes),
        resources={
            kind: _most_common(counts) for kind, counts in islice(resources.items(), MAX_KINDS)
        },
        failed_nodes=_failed_nodes(api, dict(islice(failed.items(), MAX_FAILED)), places),
        more_failed_nodes=max(0, len(failed) - MAX_FAILED),
        timeline=timeline,
    )


def steps_of(run: Run) -> list[RunStep]:
    """Return the steps of a run that can be read."""
    steps: Any = run.get("run_steps")
    if not isinstance(steps, list):
        return []
    return [cast("RunStep", step) for step in steps[:MAX_STEPS] if isinstance(step, dict)]


def _steps(steps: Iterable[RunStep]) -> list[StepSummary]:
    told = []
    for step in steps:
        index: Any = step.get("index")
        fields: Mapping[str, Any] = {**step}
        told.append(
            StepSummary(
                index=index if type(index) is int else None,
                name=harmless(step.get("name"), MOST_OF_A_NAME),
                status=status_label(step.get("status")),
                started_at=iso_time(fields.get("started_at")),
                finished_at=iso_time(fields.get("finished_at")),
            )
        )
    return told


def _results(api: DbtCloudApi, run: Run, steps: Iterable[RunStep]) -> dict[str, NodeResult]:
    """Return the last result of every node."""
    results: dict[str, NodeResult] = {}
    account: Any = run.get("account_id")
    for one in steps:
        name, index = harmless(one.get("name"), MOST_OF_A_NAME), one.get("index")
        if not _WITH_RESULTS.search(name) or type(index) is not int or index < 1:
            continue
        step = Step(run["id"], index, name, account if type(account) is int else None)
        with suppress(NotFoundError):
            results |= read_results(api, step)
    return results


def _failed_nodes(
    api: DbtCloudApi, failed: Mapping[str, NodeResult], places: Mapping[str, int]
) -> list[FailedNode]:
    if not failed:
        return []
    files = find_files(api, _last_step(failed), failed)
    return [
        FailedNode(
            name=node_name(unique_id),
            resource_type=node_type(unique_id),
            status=result.status,
            message=result.message,
            step=result.step.name,
            path=files.get(unique_id, ""),
            node=places.get(unique_id),
        )
        for unique_id, result in failed.items()
    ]


def _last_step(results: Mapping[str, NodeResult]) -> Step:
    return max((result.step for result in results.values()), key=lambda step: step.number)


def _name_in(run: Run, field: str) -> str | None:
    """Return the name of something that dbt Cloud shows with the run."""
    fields: Mapping[str, Any] = {**run}
    related = fields.get(field)
    name = related.get("name") if isinstance(related, dict) else None
    return harmless(name, MOST_OF_A_NAME) if isinstance(name, str) else None


def _most_common(counts: Counter[str]) -> dict[str, int]:
    return dict(islice(counts.items(), MAX_KINDS))
