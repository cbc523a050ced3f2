"""The DAGs that use our operators, with their last runs and the syncs in these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .history import TREND, PastSync, past_syncs
from .rows import RunRow, last_runs
from .run import RunReading, read_run

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: The details of so many failed runs are read, the newest first.
EXPLAINED = 10


@dataclass(frozen=True)
class Pipeline:
    """
    A DAG that uses our operators.

    :param runs: The last ones, the newest first.
    :param syncs: By mapping, the oldest first.
    :param failed: What the last run that has ended left behind, if it failed.
    """

    dag_id: str
    paused: bool
    runs: tuple[RunRow, ...]
    syncs: Mapping[str, list[PastSync]]
    failed: RunReading | None = None

    @property
    def ended(self) -> RunRow | None:
        """The last run that has ended."""
        return next((run for run in self.runs if not run.active), None)


def newest_first(session: Session, dag_ids: Collection[str], limit: int) -> list[str]:
    """Return those DAGs of which a run is the newest, and those without runs at the end."""
    runs = last_runs(session, dag_ids, 1)
    newest = {dag_id: run[0].due.timestamp() for dag_id, run in runs.items() if run[0].due}
    return sorted(dag_ids, key=lambda dag_id: (-newest.get(dag_id, 0.0), dag_id))[:limit]


def read_pipelines(session: Session, dags: Mapping[str, bool]) -> list[Pipeline]:
    """
    Return what is known of these DAGs.

    :param dags: Each with whether it is paused.
    """
    runs = last_runs(session, dags.keys(), TREND)
    ended = {
        dag_id: last
        for dag_id, all_ in runs.items()
        if (last := next((run for run in all_ if not run.active), None))
    }
    failed = [run for run in ended.values() if run.state == "failed"]
    failed.sort(key=lambda run: run.due.timestamp() if run.due else 0.0, reverse=True)
    explained = {
        run.dag_id: read_run(session, run.dag_id, run.run_id) for run in failed[:EXPLAINED]
    }
    return [
        Pipeline(
            dag_id=dag_id,
            paused=paused,
            runs=tuple(runs.get(dag_id, ())),
            syncs=past_syncs(session, runs.get(dag_id, [])),
            failed=explained.get(dag_id),
        )
        for dag_id, paused in dags.items()
    ]
