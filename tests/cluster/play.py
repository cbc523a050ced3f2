"""Run pipelines through the cluster while parts of it die."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.deaths import Death, Plan
from tests.cluster.standing import PAUSE, TRIGGERERS, WORKERS, Standing

#: Of a pipeline.
TASKS = 3
#: Seconds for the last of the pipelines.
FIRST, EACH = 420.0, 8.0
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


def play(scene: Standing, pipelines: int, say: Callable[[str], None]) -> Played:
    """Start all pipelines, kill a worker and a triggerer on the way, and wait for the ends."""
    records = scene.records
    # Airflow begins the jobs first: the worker dies amid those, the triggerer amid the syncs.
    plans = [
        Plan(WORKERS, 0.1, records.running_on),
        Plan(TRIGGERERS, 0.5, records.waits_in),
    ]
    began = time.monotonic()
    for number in range(pipelines):
        scene.start(number)
    say(f"{pipelines} pipelines started in {time.monotonic() - began:.0f} s")
    finished, told = 0, 0
    until = began + FIRST + EACH * pipelines
    while finished < pipelines and time.monotonic() < until:
        time.sleep(PAUSE)
        states = records.pipelines()
        finished = sum(states[state] for state in FINAL)
        done = records.task_states()["success"] / (TASKS * pipelines)
        for plan in plans:
            if death := plan.carry_out(scene.cluster, done, began):
                say(f"{death.service} killed with {death.held} in it")
        if finished - told >= max(1, pipelines // 10):
            told = finished
            say(f"{finished} of {pipelines} finished: {scene.states()}")
    seconds = time.monotonic() - began
    say(f"{finished} of {pipelines} finished after {seconds:.0f} s; asking all for their health")
    deaths = tuple(plan.death for plan in plans if plan.death)
    return Played(pipelines, seconds, deaths, tuple(scene.cluster.ailing()))
