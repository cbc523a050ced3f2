"""What the same tasks did in the runs before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_dbtsegment.outcomes import node_status

from .dags import RUN_SUMMARY, SYNC_SUMMARY
from .dbt_run import read_dbt_run
from .mappings import MappingName, name_mapping
from .rows import RunRow, TaskKey, XComRow, runs_before, xcoms_of
from .run import Part, RunReading
from .sync import Sync, read_sync

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The trend goes over so many runs, the usual time over so many before the shown one.
TREND = 20
USUAL = 10


class PastSync(NamedTuple):
    """A sync of a mapping in one of the last runs, and the task that left its summary."""

    run: RunRow
    task: TaskKey
    sync: Sync
    stored: datetime | None

    @property
    def finished(self) -> datetime | None:
        """When it ended; where the summary does not tell, when that was stored."""
        return self.sync.finished or self.stored

    @property
    def mapping(self) -> MappingName:
        """What its mapping is called."""
        return name_mapping(self.sync.mapping, self.sync.url, self.task)


@dataclass(frozen=True)
class History:
    """
    The runs before, and what is usual.

    :param syncs: By the key of the mapping, the oldest first; the shown run is the last.
    :param usual: By dbt task and node, the median of its seconds in the runs before.
    :param usual_run: By dbt task, the median of the run's own seconds.
    """

    syncs: dict[str, list[PastSync]] = field(default_factory=dict)
    usual: dict[TaskKey, dict[tuple[str, str], float]] = field(default_factory=dict)
    usual_run: dict[TaskKey, float] = field(default_factory=dict)

    def of(self, part: Part) -> list[PastSync]:
        """
        Return the syncs of a task's mapping, the oldest first.

        A task that has not told its mapping yet has the one that it had in all runs before.
        """
        if part.mapping.key in self.syncs:
            return self.syncs[part.mapping.key]
        its = [past for past in self.syncs.values() if any(p.task == part.task.key for p in past)]
        is_known = len(its) == 1 and not (part.mapping.id and its[0][-1].mapping.id)
        return its[0] if is_known else []


def read_history(session: Session, reading: RunReading) -> History:
    """Return what the tasks of a run did in the runs before."""
    runs = runs_before(session, reading.run, TREND)
    tasks = {part.task.key for part in reading.parts if part.kind == "sync"}
    syncs = past_syncs(xcoms_of(session, runs, [SYNC_SUMMARY], tasks=tasks), runs) if tasks else {}
    earlier = [run for run in runs if run.run_id != reading.run.run_id][:USUAL]
    tasks = {part.task.key for part in reading.dbt}
    if not tasks or not earlier:
        return History(syncs)
    took: dict[TaskKey, dict[tuple[str, str], list[float]]] = defaultdict(dict)
    whole: dict[TaskKey, list[float]] = defaultdict(list)
    for xcom in xcoms_of(session, earlier, [RUN_SUMMARY], tasks=tasks):
        dbt = read_dbt_run(xcom.value)
        if dbt is None:
            continue
        if dbt.seconds is not None and dbt.succeeded:
            whole[xcom.task].append(dbt.seconds)
        for node in dbt.timeline.nodes if dbt.timeline else ():
            status = node_status(node.status)
            if node.seconds and status.ran and not status.is_failure:
                took[xcom.task].setdefault((node.kind, node.name), []).append(node.seconds)
    return History(
        syncs,
        {
            task: {name: median(all_) for name, all_ in nodes.items()}
            for task, nodes in took.items()
        },
        {task: median(all_) for task, all_ in whole.items()},
    )


def past_syncs(xcoms: Iterable[XComRow], runs: Collection[RunRow]) -> dict[str, list[PastSync]]:
    """
    Return the syncs of runs of one DAG by their mapping's key, the oldest first.

    :param xcoms: The summaries that the runs' tasks have left; of one sync one counts.
    :param runs: The newest first.
    """
    by_id = {run.run_id: (place, run) for place, run in enumerate(runs)}
    once: dict[object, tuple[int, float, PastSync]] = {}
    for xcom in xcoms:
        sync = read_sync(xcom.value)
        if sync is None:
            continue
        place, run = by_id[xcom.run_id]
        past = PastSync(run, xcom.task, sync, xcom.stored)
        ended = past.finished.timestamp() if past.finished else 0.0
        key = (run.run_id, sync.id or xcom.task)
        if key not in once or sync.mapping:
            once[key] = (-place, ended, past)
    found: dict[str, list[PastSync]] = defaultdict(list)
    for *_, past in sorted(once.values(), key=lambda one: one[:2]):
        found[past.mapping.key].append(past)
    return dict(found)
