"""What the same tasks did in the runs before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from .dbt_run import FAILED, read_dbt_run
from .rows import RunRow, runs_before, xcoms_of
from .run import RunReading, mapping_of, summaries
from .sync import Sync

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The trend goes over so many runs, the usual time over so many before the shown one.
TREND = 20
USUAL = 10


class PastSync(NamedTuple):
    """A sync of a mapping in one of the last runs."""

    run: RunRow
    sync: Sync
    stored: datetime | None

    @property
    def finished(self) -> datetime | None:
        """When it ended; where the summary does not tell, when that was stored."""
        return self.sync.finished or self.stored


@dataclass(frozen=True)
class History:
    """
    The runs before, and what is usual.

    :param syncs: By mapping, the oldest first; the shown run is the last.
    :param usual: By dbt task and node, the median of its seconds in the runs before.
    :param usual_run: By dbt task, the median of the run's own seconds.
    """

    syncs: dict[str, list[PastSync]] = field(default_factory=dict)
    usual: dict[tuple[str, int], dict[tuple[str, str], float]] = field(default_factory=dict)
    usual_run: dict[tuple[str, int], float] = field(default_factory=dict)


def read_history(session: Session, reading: RunReading) -> History:
    """Return what the tasks of a run did in the runs before."""
    runs = runs_before(session, reading.run, TREND)
    syncs = past_syncs(session, runs) if reading.syncs else {}
    earlier = [run for run in runs if run.run_id != reading.run.run_id][:USUAL]
    if not reading.dbt or not earlier:
        return History(syncs)
    tasks = {part.task.key for part in reading.dbt}
    took: dict[tuple[str, int], dict[tuple[str, str], list[float]]] = defaultdict(dict)
    whole: dict[tuple[str, int], list[float]] = defaultdict(list)
    for xcom in xcoms_of(session, runs[0].dag_id, [r.run_id for r in earlier], ["run_summary"]):
        dbt = read_dbt_run(xcom.value) if xcom.task in tasks else None
        if dbt is None:
            continue
        if dbt.seconds is not None and dbt.succeeded:
            whole[xcom.task].append(dbt.seconds)
        for node in dbt.timeline.nodes if dbt.timeline else ():
            if node.seconds and node.status.lower() not in FAILED:
                took[xcom.task].setdefault((node.kind, node.name), []).append(node.seconds)
    return History(
        syncs,
        {
            task: {name: median(all_) for name, all_ in nodes.items()}
            for task, nodes in took.items()
        },
        {task: median(all_) for task, all_ in whole.items()},
    )


def past_syncs(session: Session, runs: list[RunRow]) -> dict[str, list[PastSync]]:
    """Return the syncs of runs of one DAG by their mapping, the oldest first."""
    by_id = {run.run_id: (place, run) for place, run in enumerate(runs)}
    if not runs:
        return {}
    found: dict[str, list[tuple[int, float, PastSync]]] = defaultdict(list)
    for xcom, sync in summaries(xcoms_of(session, runs[0].dag_id, list(by_id), ["sync_summary"])):
        place, run = by_id[xcom.run_id]
        key = mapping_of(sync, xcom.task_id, xcom.map_index)
        past = PastSync(run, sync, xcom.stored)
        ended = past.finished.timestamp() if past.finished else 0.0
        found[key].append((-place, ended, past))
    return {
        key: [past for *_, past in sorted(all_, key=lambda one: one[:2])]
        for key, all_ in found.items()
    }
