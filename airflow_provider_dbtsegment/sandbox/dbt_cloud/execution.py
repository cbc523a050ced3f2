"""One run from its first step to its last, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from airflow_provider_dbtsegment.sandbox.dbt.client import Invocation
from airflow_provider_dbtsegment.sandbox.dbt_cloud import commands, plan
from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Environment, Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Step
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import INTERRUPTED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status
from airflow_provider_dbtsegment.sandbox.dbt_cloud.surroundings import profile_of, variables_of
from airflow_provider_dbtsegment.sandbox.dbt_cloud.workshop import Workshop
from airflow_provider_dbtsegment.sandbox.warehouse import WarehouseBusyError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1


class StoppedError(Exception):
    """The run is to end now, with this status and message."""

    def __init__(self, status: Status, message: str, by: Actor | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.by = by


class Execution:
    """Executes a run that has left the queue."""

    def __init__(
        self,
        workshop: Workshop,
        run: Run,
        job: Job,
        environment: Environment,
        variables: dict[str, str],
    ) -> None:
        self._shop = workshop
        self._run = run
        self._job = job
        self._environment = environment
        self._own_variables = variables
        self._folder = workshop.folder(run.id)
        self._checkout = workshop.checkout(run.job_id)
        self._lock = threading.Lock()
        self._stopped: StoppedError | None = None
        self._invocation: Invocation | None = None
        self._deadline: float | None = None

    def cancel(self, by: Actor | None, message: str) -> None:
        """End the run as cancelled: its process group is killed first."""
        self._stop(StoppedError(Status.CANCELLED, message, by))

    def interrupt(self) -> None:
        """End the run because the sandbox ends."""
        self._stop(StoppedError(Status.ERROR, INTERRUPTED))

    def run(self) -> None:
        """Execute all steps; whatever happens, the run ends with a terminal status."""
        store, run_id = self._shop.store, self._run.id
        status, message = Status.SUCCESS, None
        try:
            while not self._shop.dbt.wait_until_warm(POLL_SECONDS):
                self._check()
            store.update(
                run_id,
                status=Status.RUNNING,
                started_at=store.clock.now(),
                dbt_version=self._run.trigger.dbt_version_override or version("dbt-core"),
            )
            seconds = self._timeout_seconds()
            self._deadline = time.monotonic() + seconds if seconds else None
            for step in self._run.steps:
                with self._step(step):
                    self._execute(step)
        except StoppedError as stopped:
            status, message = stopped.status, stopped.message
            store.update(run_id, cancelled_by=stopped.by)
        except Exception as error:
            logger.exception("Run %s failed outside of dbt", run_id)
            status, message = Status.ERROR, f"{type(error).__name__}: {error}"
        store.update(run_id, artifacts_saved=self._folder.last_index() is not None)
        store.end(run_id, status, message)

    @contextmanager
    def _step(self, step: Step) -> Iterator[None]:
        store, run_id = self._shop.store, self._run.id
        self._check()
        store.update_step(run_id, step.index, status=Status.RUNNING, started_at=store.clock.now())
        status = Status.ERROR
        try:
            yield
            status = Status.SUCCESS
        except StoppedError as stopped:
            status = stopped.status
            self._folder.write(step.index, stopped.message)
            raise
        except Exception as error:
            self._folder.write(step.index, f"{type(error).__name__}: {error}")
            raise
        finally:
            store.update_step(run_id, step.index, status=status, finished_at=store.clock.now())

    def _execute(self, step: Step) -> None:
        if step.command is not None:
            self._invoke_dbt(step, step.command)
        elif step.name == plan.CLONE:
            sha = self._checkout.clone(self._shop.project_dir)
            trigger = self._run.trigger
            branch = trigger.git_branch or "main"
            self._shop.store.update(self._run.id, git_branch=branch, git_sha=trigger.git_sha or sha)
            self._folder.write(step.index, f"Cloned {self._shop.project_dir} at {branch}, {sha}.")
        else:
            target_name, output = profile_of(
                self._run,
                self._job,
                self._environment,
                self._shop.warehouse.path,
                self._shop.warehouse_config,
            )
            self._checkout.write_profile(target_name, output)
            self._folder.write(step.index, f"Target {target_name}: {output}")

    def _invoke_dbt(self, step: Step, command: str) -> None:
        self._folder.begin(step.index)
        arguments = commands.words(command)
        variables = commands.variables(command)
        if command == plan.RETRY:
            failed = self._failed_step()
            state = self._shop.folder(failed.run_id).artifacts(failed.index)
            arguments += ["--state", str(state)]
            variables = commands.variables(failed.command or command)
        self._checkout.load_parsed(variables)
        with self._turn(command):
            with self._lock:
                self._check()
                self._invocation = self._shop.dbt.invoke(
                    arguments,
                    cwd=self._checkout.project,
                    env=self._variables(step.index),
                    log=self._folder.log(step.index),
                )
            code = self._wait(self._invocation)
        self._folder.save_artifacts(step.index, self._checkout.target)
        self._check()
        self._checkout.save_parsed(variables)
        if code != 0:
            raise StoppedError(Status.ERROR, f"`{command}` ended with exit code {code}.")
        if command == plan.DOCS:
            self._shop.store.update(self._run.id, has_docs_generated=True)

    @contextmanager
    def _turn(self, command: str) -> Iterator[None]:
        """Keep the warehouse while dbt may have it open; a run can be stopped while it waits."""
        if commands.verb(command) in commands.WITHOUT_WAREHOUSE:
            yield
            return
        while True:
            self._check()
            turn = self._shop.warehouse.exclusive(POLL_SECONDS)
            try:
                turn.__enter__()
            except WarehouseBusyError:
                continue
            break
        try:
            yield
        finally:
            turn.__exit__(None, None, None)

    def _wait(self, invocation: Invocation) -> int:
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        code = invocation.wait(left)
        if code is None:
            self._stop(self._timed_out())
            code = invocation.wait()
        return -1 if code is None else code

    def _stop(self, reason: StoppedError) -> None:
        with self._lock:
            self._stopped = self._stopped or reason
            invocation = self._invocation
        if invocation is not None:
            invocation.kill()

    def _check(self) -> None:
        is_late = self._deadline is not None and time.monotonic() >= self._deadline
        if self._stopped is None and is_late:
            self._stopped = self._timed_out()
        if self._stopped is not None:
            raise self._stopped

    def _timed_out(self) -> StoppedError:
        return StoppedError(
            Status.ERROR, f"The run exceeded its timeout of {self._timeout_seconds()} seconds."
        )

    def _timeout_seconds(self) -> int:
        override = self._run.trigger.timeout_seconds_override
        return self._job.timeout_seconds if override is None else override

    def _failed_step(self) -> Step:
        failed = self._shop.store.get(self._run.retrying_run_id or 0)
        step = None if failed is None else plan.failed_step(failed)
        if step is None:
            raise StoppedError(Status.ERROR, "The run to retry is gone.")
        return step

    def _variables(self, index: int) -> dict[str, str]:
        return variables_of(
            self._run,
            self._shop.account_id,
            self._own_variables,
            self._checkout.profiles,
            self._folder.step(index),
        )
