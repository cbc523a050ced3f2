"""One act: many tasks of one provider wait, and their runs end all at one moment."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

from tests.bench.real.bed import AT_ONCE, Bed
from tests.bench.real.service_process import ROOT
from tests.bench.real.shape import INTERVAL, TASKS_A_RUN, dag_id
from tests.bench.real.triggerer import Cost, looked_at, watch_triggerer

#: Seconds until tasks have been begun, and until all have ended.
PATIENCE = 1200.0
#: Seconds until the triggerer has taken all triggers, of which it takes 50 a second.
TRIGGERS = 120.0
#: Processes that begin tasks by hand; most of the time each waits for an answer.
HANDS = 5
HAND = (sys.executable, "-W", "ignore", "-m", "tests.bench.real.hand")
ENDED = ("success", "failed", "skipped", "upstream_failed")


@dataclass(frozen=True)
class Act:
    """
    What came of it.

    :param begun: Seconds until all tasks were deferred that were not begun by hand.
    :param starts: How often a task was begun or gone on with outside of the triggerer.
    :param last_green: Seconds from the end of the runs until the last task was green.
    :param half_green: The same for half of the tasks.
    :param red: How many tasks did not succeed.
    :param refused: How many requests the service refused.
    :param cost: What the triggerer cost while all waited, if it was watched.
    """

    tasks: int
    begun: float
    starts: int
    last_green: float
    half_green: float
    red: int
    refused: int
    cost: Cost | None


@dataclass(frozen=True)
class Scene:
    """
    Tasks of one kind and provider. Both numbers are multiples of those in a DAG run.

    :param in_workers: How many tasks begin as Airflow begins them.
    :param by_hand: How many more are begun in a few processes instead of one for each.
    :param watched: Seconds for which the triggerer is watched while all wait.
    """

    kind: str
    provider: str
    in_workers: int
    by_hand: int = 0
    watched: float = 0.0

    @property
    def tasks(self) -> int:
        return self.in_workers + self.by_hand

    @property
    def dag_id(self) -> str:
        return dag_id(self.kind, self.provider)

    def play(self, bed: Bed) -> Act:
        """Play it in an Airflow where nothing else goes on."""
        bed.renew_triggerer()
        refused = bed.service.counts()["refused"]
        began = time.time()
        self._start(bed, 0, self.in_workers)
        self._wait(bed, "deferred", self.in_workers)
        begun = time.time() - began
        if self.by_hand:
            bed.set_pool(0)
            self._start(bed, self.in_workers, self.tasks)
            self._wait(bed, "scheduled", self.by_hand)
            self._begin_by_hand(bed)
            self._wait(bed, "deferred", self.tasks)
            bed.set_pool(AT_ONCE)
        cost = self._watch(bed) if self.watched else None
        ended = bed.service.end_runs()
        bed.airflow.wait_until(lambda: self._ended(bed), "the end of all tasks", PATIENCE)
        ends = bed.records.ends(self.dag_id)
        return Act(
            tasks=self.tasks,
            begun=begun,
            starts=bed.records.starts(self.dag_id),
            last_green=ends[-1] - ended,
            half_green=ends[len(ends) // 2] - ended,
            red=self.tasks - bed.records.states(self.dag_id)["success"],
            refused=bed.service.counts()["refused"] - refused,
            cost=cost,
        )

    def _start(self, bed: Bed, first: int, last: int) -> None:
        for number in range(first, last, TASKS_A_RUN):
            conf = {}
            if self.kind == "sensors":
                conf["first"] = bed.service.start_runs(TASKS_A_RUN)
            bed.airflow.api.trigger(self.dag_id, conf, run_id=f"from_{number}")

    def _wait(self, bed: Bed, state: str, number: int) -> None:
        """Wait until so many tasks are in a state from which none of them goes on by itself."""

        def reached() -> bool:
            states = bed.records.states(self.dag_id)
            if over := [state for state in ENDED if states[state]]:
                raise RuntimeError(f"Tasks of {self.dag_id} ended too early: {over}.")
            return states[state] == number

        bed.airflow.wait_until(reached, f"{state} tasks of {self.dag_id}", PATIENCE)

    def _ended(self, bed: Bed) -> bool:
        states = bed.records.states(self.dag_id)
        return sum(states[state] for state in ENDED) == self.tasks

    def _watch(self, bed: Bed) -> Cost:
        wanted = (self.tasks, self.tasks)
        bed.airflow.wait_until(lambda: bed.records.triggers() == wanted, "triggers", TRIGGERS)
        # Only what comes again and again is to be watched, and no first look.
        bed.airflow.wait_until(
            lambda: looked_at(bed, self.dag_id) == self.tasks, "first looks", TRIGGERS
        )
        time.sleep(INTERVAL)
        return watch_triggerer(bed, self.watched)

    def _begin_by_hand(self, bed: Bed) -> None:
        log = bed.airflow.folder / "logs" / f"{self.dag_id}.log"
        with log.open("wb") as output:
            hands = [
                subprocess.Popen(
                    [*HAND, self.dag_id, str(number), str(HANDS)],
                    env=bed.airflow.environment(),
                    cwd=ROOT,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                for number in range(HANDS)
            ]
            try:
                statuses = [hand.wait() for hand in hands]
            finally:
                for hand in hands:
                    hand.kill()
                    hand.wait()
        if any(statuses):
            raise RuntimeError(f"The tasks could not be begun; {log} says why.")
