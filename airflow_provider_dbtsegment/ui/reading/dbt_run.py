"""A dbt Cloud run, as the XCom `run_summary` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from .timeline import NodeTimeline, read_timeline
from .values import address, count, items, moment, plain, record, seconds, text, whole

#: dbt's words for nodes that make a run fail.
FAILED = frozenset({"error", "fail", "runtime error"})
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
class DbtRun:
    """What is known of a run; what its summary does not tell is empty or `None`."""

    run_id: str
    url: str
    status: str
    job: str
    project: str
    seconds: float | None
    started: datetime | None
    finished: datetime | None
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
        told = sum(number for status, number in self.statuses.items() if status.lower() in FAILED)
        return max(told, len(self.failures) + self.more_failures)


def read_dbt_run(value: Any) -> DbtRun | None:
    """Return the run that an XCom tells of, or `None` if it tells of none."""
    summary = record(plain(value))
    if not summary:
        return None
    failures = [_failure(one) for one in items(summary.get("failed_nodes")) if record(one)]
    job_id, started = whole(summary.get("job_id")), moment(summary.get("started_at"))
    return DbtRun(
        run_id=text(summary.get("run_id")),
        url=address(summary.get("run_url")),
        status=text(summary.get("status")),
        job=text(summary.get("job_name")) or (f"job {job_id}" if job_id is not None else ""),
        project=text(summary.get("project")),
        seconds=seconds(summary.get("duration")),
        started=started,
        finished=moment(summary.get("finished_at")),
        steps=tuple(_step(one) for one in items(summary.get("steps")) if record(one)),
        statuses=_counts(summary.get("nodes")),
        resources={
            text(kind): counts
            for kind, given in record(summary.get("resources")).items()
            if (counts := _counts(given))
        },
        failures=tuple(failures[:MAX_FAILURES]),
        more_failures=count(summary.get("more_failed_nodes")) + len(failures[MAX_FAILURES:]),
        timeline=read_timeline(summary.get("timeline"), started),
    )


def _failure(given: Any) -> Failure:
    told = record(given)
    return Failure(
        name=text(told.get("name")) or "(without a name)",
        kind=text(told.get("resource_type")),
        status=text(told.get("status")),
        message=text(told.get("message")),
        step=text(told.get("step")),
        path=text(told.get("path")),
        node=whole(told.get("node")),
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
