"""The graphs of the projects whose runs have ended, read once for all runs of the same state."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud.graph import Graph
from airflow_provider_dbtsegment.dbt_cloud.graph_reader import MOST, read_graph

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
    from airflow_provider_dbtsegment.dbt_cloud.results import Step
    from airflow_provider_dbtsegment.dbt_cloud.types import Run

#: So many graphs are kept, with so many nodes and edges in all.
KEPT = 8
#: Seconds for which a job whose graph could not be read is not asked again.
PAUSE = 600.0


class Graphs:
    """
    Keeps the graphs of the last few projects.

    Where many runs end at once, one of them reads; the others do not wait for it.

    :param clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Hashable, Graph] = OrderedDict()
        self._vain: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def of(self, api: DbtCloudApi, run: Run, step: Step) -> Graph | None:
        """
        Return the graph of the project that a run was of, if it is known or can be read now.

        :param step: The step of the run that has left it behind.
        """
        job = (
            api.settings.transport.base_url,
            step.account_id,
            _word(run.get("job_definition_id")),
        )
        fields: dict[str, Any] = {**run}
        # Without a commit nobody knows whether the next run is of the same state.
        state = _word(fields.get("git_sha")) or ("run", run["id"])
        key = (job, state, _word(fields.get("dbt_version")), step.name)
        known = self._known(key, job)
        if known is not None or self._is_vain(job) or not self._reading.acquire(blocking=False):
            return known
        try:
            found = self._known(key, job) or read_graph(api, step)
            self._keep(key, job, found)
        finally:
            self._reading.release()
        return found

    def _known(self, key: Hashable, job: Hashable) -> Graph | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _is_vain(self, job: Hashable) -> bool:
        with self._lock:
            return self._clock() - self._vain.get(job, float("-inf")) < PAUSE

    def _keep(self, key: Hashable, job: Hashable, graph: Graph | None) -> None:
        with self._lock:
            if graph is None or graph.size > MOST:
                self._vain[job] = self._clock()
                self._vain.move_to_end(job)
            else:
                self._kept[key] = graph
            while len(self._vain) > 100 * KEPT:
                self._vain.popitem(last=False)
            while self._kept and (
                len(self._kept) > KEPT or sum(one.size for one in self._kept.values()) > MOST
            ):
                self._kept.popitem(last=False)


def _word(value: Any) -> str:
    return str(value)[:100] if isinstance(value, (str, int)) else ""


#: Those of this process.
graphs = Graphs()
