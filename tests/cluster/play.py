"""Run pipelines through the cluster while parts of it die."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi
from tests.cluster.cluster import Cluster
from tests.cluster.deaths import Death, Plan
from tests.cluster.records import DAG, Records
from tests.cluster.works import JOBS

WORKERS, TRIGGERERS = ("worker-1", "worker-2"), ("triggerer-1", "triggerer-2")
#: Of a pipeline.
TASKS = 3
PAUSE = 1.0
#: Seconds for the last of the pipelines, and in which a DAG must be known.
FIRST, EACH, KNOWN = 420.0, 8.0, 120.0
FINAL = ("success", "failed")


@dataclass(frozen=True)
class Played:
    """
    What has come of it.

    :param seconds: From the first start to the last end.
    :param ailing: Services that were not well at the end.
    """

    pipelines: int
    seconds: float
    deaths: tuple[Death, ...]
    ailing: tuple[str, ...]


def play(
    cluster: Cluster,
    api: AirflowApi,
    records: Records,
    pipelines: int,
    say: Callable[[str], None],
) -> Played:
    """Start all pipelines, kill a worker and a triggerer on the way, and wait for the ends."""
    _wait_for_dag(api)
    # Airflow begins the jobs first: the worker dies amid those, the triggerer amid the syncs.
    plans = [
        Plan(WORKERS, 0.1, records.running_on),
        Plan(TRIGGERERS, 0.5, records.waits_in),
    ]
    began = time.monotonic()
    for number in range(pipelines):
        api.trigger(DAG, {"number": number, "job": number % JOBS + 1}, run_id=f"n{number}")
    say(f"{pipelines} pipelines started in {time.monotonic() - began:.0f} s")
    finished, told = 0, 0
    until = began + FIRST + EACH * pipelines
    while finished < pipelines and time.monotonic() < until:
        time.sleep(PAUSE)
        states = records.pipelines()
        finished = sum(states[state] for state in FINAL)
        done = records.task_states()["success"] / (TASKS * pipelines)
        for plan in plans:
            if death := plan.carry_out(cluster, done, began):
                say(f"{death.service} killed with {death.held} in it")
        if finished - told >= max(1, pipelines // 10):
            told = finished
            say(f"{finished} of {pipelines} finished: {_words(records)}")
    seconds = time.monotonic() - began
    say(f"{finished} of {pipelines} finished after {seconds:.0f} s; asking all for their health")
    deaths = tuple(plan.death for plan in plans if plan.death)
    return Played(pipelines, seconds, deaths, tuple(cluster.ailing()))


def _words(records: Records) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(records.task_states().items()))


def _wait_for_dag(api: AirflowApi) -> None:
    until = time.monotonic() + KNOWN
    while api.dag(DAG) is None:
        if errors := api.import_errors():
            raise RuntimeError("The DAG cannot be imported:\n" + "\n".join(errors))
        if time.monotonic() > until:
            raise TimeoutError(f"Airflow does not know the DAG after {KNOWN:.0f} seconds.")
        time.sleep(PAUSE)
