"""Which run goes next: a job's runs one after the other, ``run_slots`` runs at a time."""

import threading
from collections.abc import Callable

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.execution import Execution
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import INTERRUPTED, RunStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status

STOP_SECONDS = 15.0


class Scheduler:
    """The queue of the account."""

    def __init__(
        self, store: RunStore, slots: int, execution_of: Callable[[Run], Execution]
    ) -> None:
        self._store = store
        self._slots = slots
        self._execution_of = execution_of
        self._queued: dict[int, Run] = {}
        self._active: dict[int, tuple[Run, Execution, threading.Thread]] = {}
        self._lock = threading.RLock()
        self._stopping = False

    def submit(self, run: Run) -> None:
        """Put a run at the end of the queue."""
        with self._lock:
            self._queued[run.id] = run
            self._dispatch()

    def cancel(self, run_id: int, by: Actor | None, message: str) -> None:
        """Take a run out of the queue, or end it; one that has ended stays as it is."""
        with self._lock:
            if self._queued.pop(run_id, None) is not None:
                self._store.update(run_id, cancelled_by=by)
                self._store.end(run_id, Status.CANCELLED, message)
            elif run_id in self._active:
                self._active[run_id][1].cancel(by, message)

    def blocked_by(self, run: Run) -> list[int]:
        """Return the earlier runs of the same job that a queued run waits for."""
        with self._lock:
            if run.id not in self._queued:
                return []
            earlier = [one for one, _, _ in self._active.values()] + list(self._queued.values())
            return sorted(one.id for one in earlier if one.job_id == run.job_id and one.id < run.id)

    def stop(self) -> None:
        """End everything: queued runs, running ones, and their processes."""
        with self._lock:
            self._stopping = True
            for run_id in list(self._queued):
                del self._queued[run_id]
                self._store.end(run_id, Status.ERROR, INTERRUPTED)
            active = list(self._active.values())
        for _, execution, _ in active:
            execution.interrupt()
        for _, _, thread in active:
            thread.join(STOP_SECONDS)

    def _dispatch(self) -> None:
        for run in list(self._queued.values()):
            if self._stopping or len(self._active) >= self._slots:
                return
            if any(one.job_id == run.job_id for one, _, _ in self._active.values()):
                continue
            del self._queued[run.id]
            run = self._store.update(
                run.id, status=Status.STARTING, dequeued_at=self._store.clock.now()
            )
            execution = self._execution_of(run)
            thread = threading.Thread(
                target=self._execute, args=(run.id, execution), name=f"run-{run.id}", daemon=True
            )
            self._active[run.id] = (run, execution, thread)
            thread.start()

    def _execute(self, run_id: int, execution: Execution) -> None:
        try:
            execution.run()
        finally:
            with self._lock:
                del self._active[run_id]
                self._dispatch()
