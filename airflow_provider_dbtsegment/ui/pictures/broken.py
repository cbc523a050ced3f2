"""What broke, for the one who is woken at night: each cause with its words, the first first."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from airflow_provider_dbtsegment.ui.reading.dbt_run import DbtRun, Failure
from airflow_provider_dbtsegment.ui.reading.run import Part, RunReading
from airflow_provider_dbtsegment.ui.reading.sync import RowCounts, Sync
from airflow_provider_dbtsegment.ui.words import grouped, many, share


class Cause(NamedTuple):
    """
    Something that broke.

    :param title: Who, in bold.
    :param where: The file, the step, the destination.
    :param held_up: What could not run because of it.
    """

    part: Part
    title: str
    where: str
    words: str
    held_up: str


def draw(reading: RunReading) -> list[Cause]:
    """Return what broke in a run, in the order in which it happened."""
    found: list[Cause] = []
    told = {part.task.key for part in reading.syncs}
    for part in reading.parts:
        if not part.broken:
            continue
        if part.dbt is not None and not part.dbt.succeeded:
            found += _of_run(part, part.dbt)
        elif part.sync is not None and not part.sync.is_good:
            # Another task about the same sync tells the same.
            found += [_of_sync(part, part.sync)] if part.task.key in told else []
        elif part.task.state in ("failed", "up_for_retry"):
            found.append(_of_task(part))
    return found


def _of_run(part: Part, run: DbtRun) -> list[Cause]:
    held_up: Counter[int] = Counter()
    for _, cause in run.timeline.skipped if run.timeline else ():
        if cause is not None:
            held_up[cause] += 1
    causes = [_of_node(part, failure, held_up) for failure in run.failures]
    if run.more_failures:
        title = f"{many(run.more_failures, 'more failed node')}"
        causes.append(Cause(part, title, "", "They are in the table of all nodes.", ""))
    if not causes:
        broken = [step.name for step in run.steps if step.status.lower() == "error"]
        title = f"dbt Cloud run {run.id} ended with status {run.status or 'unknown'}"
        words = "No node of it failed. The task's log shows the end of what dbt Cloud wrote."
        causes.append(Cause(part, title, ", ".join(broken), words, ""))
    return causes


def _of_node(part: Part, failure: Failure, held_up: Counter[int]) -> Cause:
    waiting = held_up[failure.node] if failure.node is not None else 0
    return Cause(
        part=part,
        title=f"{failure.kind or 'node'} {failure.name}",
        where=failure.path or failure.step,
        words=failure.message or f"dbt says: {failure.status}",
        held_up=f"{many(waiting, 'node was', 'nodes were')} skipped for it" if waiting else "",
    )


def _of_sync(part: Part, sync: Sync) -> Cause:
    where = " · ".join(filter(None, (rejected(sync.rows), part.mapping.id)))
    accepted = part.task.state == "success"
    reasons = (sync.error, "" if accepted else sync.decision)
    words = " ".join(filter(None, reasons)) or "Segment gives no reason."
    held_up = ": ".join(filter(None, ("The task accepts that", sync.decision))) if accepted else ""
    return Cause(part, f"{part.mapping.title}: {sync.word}", where, words, held_up)


def rejected(rows: RowCounts) -> str:
    """Return how many rows the destination rejected, or nothing."""
    if not rows.rejected:
        return ""
    of_all = f"{grouped(rows.rejected)} of {many(rows.tried, 'row')} rejected"
    return f"{of_all} ({share(rows.rejected, rows.tried)})"


def _of_task(part: Part) -> Cause:
    words = "Its log says why."
    if part.unreadable:
        words = "What it left behind cannot be read here. Its log says why it failed."
    name = part.mapping.title if part.kind == "sync" else part.task.name
    return Cause(part, f"task {name}: {part.task.word}", "", words, "")
