"""The DAGs that use our operators, with their last runs and the syncs in these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise, zip_longest
from statistics import median
from typing import TYPE_CHECKING

from .dags import SYNC_SUMMARY, DagRow
from .history import TREND, PastSync, past_syncs
from .rows import RunRow, XComRow, last_runs, xcom_counts, xcoms_of
from .run import RunReading, read_run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The details of so many failed runs are read, the newest first.
EXPLAINED = 10
#: So many last runs tell whether a pipeline needs attention.
LOOKED_AT = 5
#: So many syncs of all pipelines are read at first: the last ones of each.
FIRST_LOOK = 2500
#: Something is late when it is older than so many of its usual intervals, and than so many seconds.
LATE, PATIENCE = 2.0, 600.0


@dataclass(frozen=True)
class Pipeline:
    """
    A DAG that uses our operators.

    :param runs: The last ones, the newest first.
    :param syncs: By the key of the mapping, the oldest first.
    :param failed: What the last run that has ended left behind, if it failed.
    :param in_part: The keys of mappings of which not all runs were looked at.
    :param unread: So many syncs of its last run were too many to be read.
    """

    dag_id: str
    paused: bool
    runs: tuple[RunRow, ...]
    syncs: Mapping[str, list[PastSync]]
    failed: RunReading | None = None
    in_part: frozenset[str] = frozenset()
    unread: int = 0

    @property
    def ended(self) -> RunRow | None:
        """The last run that has ended."""
        return last_ended(self.runs)


def last_ended(runs: Iterable[RunRow]) -> RunRow | None:
    """Return the first run that has ended."""
    return next((run for run in runs if not run.active), None)


def usual_interval(moments: Iterable[datetime | None]) -> float | None:
    """Return the usual seconds between things that happen again, of which three are needed."""
    times = sorted(filter(None, moments))
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(times)]
    return median(gaps) if len(gaps) > 1 else None


def is_late(seconds: float, usual: float | None) -> bool:
    """Return whether something has not happened for longer than usual."""
    return usual is not None and seconds > max(LATE * usual, PATIENCE)


def worst_first(session: Session, dags: Sequence[DagRow], now: datetime) -> list[DagRow]:
    """
    Return pipelines whose last run failed, then those that are late, then all others.

    :param dags: Within each of these they stay in this order.
    """
    runs = last_runs(session, [dag.dag_id for dag in dags], LOOKED_AT)

    def rank(dag: DagRow) -> int:
        its = runs.get(dag.dag_id, [])
        ended, newest = last_ended(its), its[0].due if its else None
        if dag.paused or newest is None:
            return 2
        if ended is not None and ended.state == "failed":
            return 0
        late = is_late((now - newest).total_seconds(), usual_interval(run.due for run in its))
        return 1 if late else 2

    return sorted(dags, key=rank)


def read_pipelines(session: Session, dags: Sequence[DagRow]) -> list[Pipeline]:
    """Return what is known of these DAGs: of their syncs at least the last ones."""
    runs = last_runs(session, [dag.dag_id for dag in dags], TREND)
    failed = [run for all_ in runs.values() if (run := last_ended(all_)) and run.state == "failed"]
    failed.sort(key=lambda run: run.due.timestamp() if run.due else 0.0, reverse=True)
    explained = {
        run.dag_id: read_run(session, run.dag_id, run.run_id) for run in failed[:EXPLAINED]
    }
    counts = xcom_counts(session, [run for all_ in runs.values() for run in all_], SYNC_SUMMARY)
    with_syncs = {
        dag.dag_id: [run for run in runs.get(dag.dag_id, ()) if run.number in counts]
        for dag in dags
    }
    looked_at = _first_look(with_syncs, counts)
    xcoms: dict[str, list[XComRow]] = defaultdict(list)
    for xcom in xcoms_of(session, [r for all_ in looked_at.values() for r in all_], [SYNC_SUMMARY]):
        xcoms[xcom.dag_id].append(xcom)
    found = []
    for dag in dags:
        there, seen = with_syncs[dag.dag_id], looked_at[dag.dag_id]
        syncs = past_syncs(xcoms[dag.dag_id], runs.get(dag.dag_id, ()))
        found.append(
            Pipeline(
                dag_id=dag.dag_id,
                paused=dag.paused,
                runs=tuple(runs.get(dag.dag_id, ())),
                syncs=syncs,
                failed=explained.get(dag.dag_id),
                in_part=frozenset(syncs) if len(seen) < len(there) else frozenset(),
                unread=counts[there[0].number] if there and not seen else 0,
            )
        )
    return found


def with_history(
    session: Session, pipelines: Iterable[Pipeline], wanted: Collection[tuple[str, str]]
) -> list[Pipeline]:
    """
    Return pipelines with all syncs of some mappings.

    :param wanted: The DAG of each, and its key.
    """
    found = []
    for pipeline in pipelines:
        keys = {key for key in pipeline.in_part if (pipeline.dag_id, key) in wanted}
        if keys:
            tasks = {past.task for key in keys for past in pipeline.syncs[key]}
            xcoms = xcoms_of(session, pipeline.runs, [SYNC_SUMMARY], tasks=tasks)
            syncs = past_syncs(xcoms, pipeline.runs)
            syncs = {key: syncs[key] for key in keys if key in syncs}
            pipeline = replace(
                pipeline, syncs={**pipeline.syncs, **syncs}, in_part=pipeline.in_part - keys
            )
        found.append(pipeline)
    return found


def _first_look(
    runs: Mapping[str, Sequence[RunRow]], counts: Mapping[int, int]
) -> dict[str, list[RunRow]]:
    """Return by DAG the runs to look at: of each as many of the last ones as there is room for."""
    room = FIRST_LOOK
    chosen: dict[str, list[RunRow]] = {dag_id: [] for dag_id in runs}
    full = set()
    for round_ in zip_longest(*runs.values()):
        for run in filter(None, round_):
            if run.dag_id in full or counts[run.number] > room:
                full.add(run.dag_id)
                continue
            room -= counts[run.number]
            chosen[run.dag_id].append(run)
    return chosen
