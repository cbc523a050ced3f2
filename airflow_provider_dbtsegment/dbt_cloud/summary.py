"""What a run did, in numbers."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow_provider_dbtsegment.dbt_cloud.graphs import graphs
from airflow_provider_dbtsegment.dbt_cloud.node_ids import node_name, node_type
from airflow_provider_dbtsegment.dbt_cloud.pages import run_url
from airflow_provider_dbtsegment.dbt_cloud.results import NodeResult, Step, find_files, read_results
from airflow_provider_dbtsegment.dbt_cloud.timeline import Timeline, make_timeline
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep, status_label
from airflow_provider_dbtsegment.exceptions import DbtSegmentError, NotFoundError
from airflow_provider_dbtsegment.outcomes import (
    iso_time,
    node_status,
    seconds_between,
    seconds_of,
)
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

#: Under which the counts of further statuses are added up.
OTHERS = "(others)"
#: Seconds after which no further results are asked for once some could not be read.
PATIENCE = 120.0

_WITH_RESULTS = re.compile(r"\bdbt\b.*?\s(build|run|test|seed|snapshot|retry|clone)\b")

#: Is told of a step whose results cannot be read, and raises the error if that is to be the end.
OnUnreadable = Callable[[Step, DbtSegmentError], None]


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

    ``nodes`` counts by dbt's status, failures first, ``resources`` by type and status, types with
    failures first. ``failed_nodes`` holds the first ones, ``more_failed_nodes`` says how many it
    leaves out. ``steps`` is empty for runs that dbt Cloud shows no steps of. ``timeline`` is
    nothing where no results could be read.
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


def raise_error(step: Step, error: DbtSegmentError) -> None:
    """Let results that cannot be read be the end of it."""
    raise error


def summarize(api: DbtCloudApi, run: Run, on_unreadable: OnUnreadable = raise_error) -> RunSummary:
    """
    Sum up a run that has ended, from what dbt left behind in each of its steps.

    :param run: With its ``run_steps``.
    :param on_unreadable: What is done about a step whose results cannot be read; unless it raises
        the error, the step is left out. Results that are missing are none.
    :raises RequestError: When the results of a step cannot be read.
    """
    told = _steps(steps_of(run))
    results = _results(api, run, on_unreadable)
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
        nodes=_worst_first(nodes),
        resources={
            kind: _worst_first(resources[kind])
            for kind in sorted(resources, key=lambda kind: _severity(resources[kind]))[:MAX_KINDS]
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


def _results(api: DbtCloudApi, run: Run, on_unreadable: OnUnreadable) -> dict[str, NodeResult]:
    """Return the last result of every node; what one step left behind says nothing of others."""
    results: dict[str, NodeResult] = {}
    failed: DbtSegmentError | None = None
    until = 0.0
    for step in _steps_with_results(run):
        if failed is not None and time.monotonic() > until:
            # A service that is away is not asked for each of a hundred steps.
            on_unreadable(step, failed)
            continue
        try:
            results |= read_results(api, step)
        except NotFoundError:
            pass
        except DbtSegmentError as error:
            on_unreadable(step, error)
            until = time.monotonic() + PATIENCE if failed is None else until
            failed = error
    return results


def _steps_with_results(run: Run) -> list[Step]:
    known: Any = run.get("account_id")
    account = known if type(known) is int else None
    steps = steps_of(run)
    if not steps and run.get("status") != RunStatus.CANCELLED:
        # dbt ran elsewhere, and left behind in dbt Cloud what it left behind there.
        return [Step(run["id"], None, "", account)]
    found = []
    for one in steps:
        name, index = harmless(one.get("name"), MOST_OF_A_NAME), one.get("index")
        if _WITH_RESULTS.search(name) and type(index) is int and index > 0:
            found.append(Step(run["id"], index, name, account))
    return found


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
    return max((result.step for result in results.values()), key=lambda step: step.number or 0)


def _name_in(run: Run, field: str) -> str | None:
    """Return the name of something that dbt Cloud shows with the run."""
    fields: Mapping[str, Any] = {**run}
    related = fields.get(field)
    name = related.get("name") if isinstance(related, dict) else None
    return harmless(name, MOST_OF_A_NAME) if isinstance(name, str) else None


def _worst_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by their statuses, failures first; those of very many are added up."""
    ordered = sorted(counts.items(), key=lambda one: node_status(one[0]).severity)
    others = sum(number for _, number in ordered[MAX_KINDS:])
    return {**dict(ordered[:MAX_KINDS]), **({OTHERS: others} if others else {})}


def _severity(counts: Iterable[str]) -> bool:
    """Return a key that sorts what holds failures before what holds none."""
    return not any(node_status(status).is_failure for status in counts)
