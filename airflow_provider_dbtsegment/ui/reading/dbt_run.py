"""A dbt Cloud run, as the XCom `run_summary` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from airflow_provider_dbtsegment.outcomes import node_status

from .ended import Ended, how_it_ended
from .timeline import NodeTimeline, read_timeline
from .values import count, items, moment, plain, record, text, whole

#: More failures than these are counted, not shown.
MAX_FAILURES = 100


class Failure(NamedTuple):
    """A node that failed, and dbt's message; ``node`` is its place in the timeline."""

    name: str
    kind: str
    status: str
    message: str
    step: str
    path: str
    node: int | None


class Step(NamedTuple):
    """A step of a run: a command, or what dbt Cloud does before."""

    number: int | None
    name: str
    status: str
    started: datetime | None
    finished: datetime | None


@dataclass(frozen=True)
class DbtRun(Ended):
    """What is known of a run."""

    job: str
    project: str
    steps: tuple[Step, ...]
    statuses: dict[str, int]
    resources: dict[str, dict[str, int]]
    failures: tuple[Failure, ...]
    more_failures: int
    timeline: NodeTimeline | None

    @property
    def succeeded(self) -> bool:
        """Whether dbt Cloud says so."""
        return self.status.lower() == "success"

    @property
    def nodes(self) -> int:
        """How many nodes have a result."""
        return sum(self.statuses.values())

    @property
    def failed_nodes(self) -> int:
        """How many nodes failed."""
        told = sum(n for status, n in self.statuses.items() if node_status(status).is_failure)
        return max(told, len(self.failures) + self.more_failures)


def read_dbt_run(value: Any) -> DbtRun | None:
    """Return the run that an XCom tells of, or `None` if it tells of none."""
    summary = record(plain(value))
    if not summary:
        return None
    ended, job_id = how_it_ended(summary, "run"), whole(summary.get("job_id"))
    timeline = read_timeline(summary.get("timeline"), ended["started"])
    failures = [
        _failure(one, timeline) for one in items(summary.get("failed_nodes")) if record(one)
    ]
    return DbtRun(
        **ended,
        job=text(summary.get("job_name")) or (f"job {job_id}" if job_id is not None else ""),
        project=text(summary.get("project")),
        steps=tuple(_step(one) for one in items(summary.get("steps")) if record(one)),
        statuses=_counts(summary.get("nodes")),
        resources={
            text(kind): counts
            for kind, given in record(summary.get("resources")).items()
            if (counts := _counts(given))
        },
        failures=tuple(failures[:MAX_FAILURES]),
        more_failures=count(summary.get("more_failed_nodes")) + len(failures[MAX_FAILURES:]),
        timeline=timeline,
    )


def _failure(given: Any, timeline: NodeTimeline | None) -> Failure:
    told, node = record(given), whole(record(given).get("node"))
    return Failure(
        name=text(told.get("name")) or "(without a name)",
        kind=text(told.get("resource_type")),
        status=text(told.get("status")),
        message=text(told.get("message")),
        step=text(told.get("step")),
        path=text(told.get("path")),
        node=None if timeline is None or node is None else timeline.places.get(node),
    )


def _step(given: Any) -> Step:
    told = record(given)
    return Step(
        number=whole(told.get("index")),
        name=text(told.get("name")),
        status=text(told.get("status")),
        started=moment(told.get("started_at")),
        finished=moment(told.get("finished_at")),
    )


def _counts(given: Any) -> dict[str, int]:
    return {
        text(status): count(number) for status, number in record(given).items() if count(number)
    }
