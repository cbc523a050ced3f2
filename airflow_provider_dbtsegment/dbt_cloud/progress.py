"""How far a run is, by what dbt Cloud shows of its steps."""

from __future__ import annotations

import re
import time

from airflow_provider_dbtsegment.dbt_cloud.step_logs import readable_lines
from airflow_provider_dbtsegment.dbt_cloud.summary import steps_of
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep
from airflow_provider_dbtsegment.outcomes import seconds_of
from airflow_provider_dbtsegment.texts import duration, harmless

#: What dbt says of a node: ``12:00:01  14 of 40 OK created sql table model shop.people``.
_NODE = re.compile(r"\b(\d{1,9}) of (\d{1,9}) (\S+)")


def describe_progress(run: Run) -> str | None:
    """Return which step a run is at, and how many of its nodes are done; nothing if unknown."""
    steps = steps_of(run)
    going = [step for step in steps if step.get("status") == RunStatus.RUNNING]
    if not going:
        return None
    step = going[-1]
    parts = [
        f"dbt Cloud run {run['id']}: step {steps.index(step) + 1} of {len(steps)}, "
        f"{harmless(step.get('name'), 80)}"
    ]
    began = seconds_of({**step}.get("started_at"))
    if began is not None and 0 <= time.time() - began < 1e7:
        parts.append(f"for {duration(time.time() - began)}")
    done = _done(step)
    if done is not None:
        parts.append(f"{done[0]} of {done[1]} nodes done")
    return ", ".join(parts) + "."


def _done(step: RunStep) -> tuple[int, int] | None:
    """Return how many nodes of a step have ended, of how many."""
    # dbt numbers nodes as they begin; how many began and go on is what has no second line.
    begun: set[str] = set()
    ended: set[str] = set()
    total = 0
    for number, whole, word in _NODE.findall("\n".join(readable_lines(step.get("logs")))):
        total = int(whole)
        (begun if word == "START" else ended).add(number)
    if not total:
        return None
    highest = max((int(number) for number in begun | ended), default=0)
    return max(0, highest - len(begun - ended)), total
