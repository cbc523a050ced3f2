"""All runs: in memory while the sandbox serves, and in ``runs/<id>/run.json`` for the next time."""

import dataclasses
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

INTERRUPTED = "The sandbox ended while this run was active."

_json = TypeAdapter(Run)


class RunStore:
    """Runs by id. Each change is journaled before anybody can see it."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self.clock = clock
        self._runs: dict[int, Run] = {}
        self._newest_of_job: dict[int, int] = {}
        self._steps: dict[int, tuple[int, int]] = {}
        self._changed = threading.Condition(threading.RLock())
        self._listeners: list[Callable[[Run | None, Run], None]] = []
        self._load()
        self._next_run_id = max(self._runs, default=0) + 1
        self._next_step_id = max(self._steps, default=0) + 1

    def listen(self, listener: Callable[[Run | None, Run], None]) -> None:
        """Tell ``listener`` of each change, the run before and after it; it must be quick."""
        self._listeners.append(listener)

    def all(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._changed:
            return list(self._runs.values())

    def get(self, run_id: int) -> Run | None:
        """Return a run as it is now."""
        return self._runs.get(run_id)

    def newest(self, job_id: int) -> Run | None:
        """Return the job's newest run."""
        return self._runs.get(self._newest_of_job.get(job_id, 0))

    def step(self, step_id: int) -> Step | None:
        """Return a step as it is now."""
        with self._changed:
            run_id, index = self._steps.get(step_id, (0, 0))
            return self._runs[run_id].steps[index - 1] if run_id else None

    def add(self, make: Callable[[int], Run]) -> Run:
        """Keep what ``make`` makes of the next id."""
        with self._changed:
            run = make(self._next_run_id)
            self._next_run_id += 1
            self._put(run)
            return run

    def update(self, run_id: int, **changes: Any) -> Run:
        """Change fields of a run."""
        with self._changed:
            run = dataclasses.replace(self._runs[run_id], updated_at=self.clock.now(), **changes)
            self._put(run)
            return run

    def plan_steps(self, run_id: int, steps: list[tuple[str, str | None]]) -> Run:
        """Give a run its steps, as pairs of name and dbt command."""
        with self._changed:
            first = self._next_step_id
            self._next_step_id += len(steps)
            at = self.clock.now()
            return self.update(
                run_id,
                steps=tuple(
                    Step(first + offset, run_id, offset + 1, name, at, at, command)
                    for offset, (name, command) in enumerate(steps)
                ),
            )

    def update_step(self, run_id: int, index: int, **changes: Any) -> None:
        """Change fields of one step of a run."""
        with self._changed:
            steps = list(self._runs[run_id].steps)
            steps[index - 1] = dataclasses.replace(
                steps[index - 1], updated_at=self.clock.now(), **changes
            )
            self.update(run_id, steps=tuple(steps))

    def end(self, run_id: int, status: Status, message: str | None) -> None:
        """End a run: a step under way ends like the run, and those that never began are skipped."""
        with self._changed:
            at = self.clock.now()
            steps = []
            for step in self._runs[run_id].steps:
                if step.status is Status.RUNNING:
                    step = dataclasses.replace(step, status=status, finished_at=at, updated_at=at)
                elif step.status is Status.QUEUED:
                    step = dataclasses.replace(step, status=Status.SKIPPED, updated_at=at)
                steps.append(step)
            self.update(
                run_id,
                status=status,
                status_message=message,
                finished_at=at,
                steps=tuple(steps),
            )

    def wait(self, run_id: int, condition: Callable[[Run], bool], timeout: float) -> bool:
        """Wait until a run is as ``condition`` wants it; return whether it is.

        :param timeout: seconds.
        """
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._runs[run_id]), timeout)

    def _put(self, run: Run) -> None:
        folder = self._folder / str(run.id)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / "run.json.new"
        draft.write_bytes(_json.dump_json(run, indent=1))
        os.replace(draft, folder / "run.json")
        old = self._runs.get(run.id)
        self._remember(run)
        self._changed.notify_all()
        for listener in self._listeners:
            listener(old, run)

    def _remember(self, run: Run) -> None:
        self._runs[run.id] = run
        self._newest_of_job[run.job_id] = max(run.id, self._newest_of_job.get(run.job_id, 0))
        self._steps.update({step.id: (run.id, step.index) for step in run.steps})

    def _load(self) -> None:
        numbered = (path for path in self._folder.glob("*/run.json") if path.parent.name.isdigit())
        for path in sorted(numbered, key=lambda path: int(path.parent.name)):
            run = _json.validate_json(path.read_bytes())
            self._remember(run)
            if not run.status.is_terminal:
                self.end(run.id, Status.ERROR, INTERRUPTED)
