"""Run the demo: start everything, run the DAG once, check what has come of it."""

from __future__ import annotations

import contextlib
import fcntl
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .deliveries import Delivery, compare
from .environment import child_environment
from .local_airflow import LocalAirflow
from .outcome import Outcome, read_outcome
from .progress import Progress
from .sandbox_server import SandboxServer
from .scenarios import BUILD, DAG_ID, SYNCS, Scenario

MARKER = ".dbtsegment-demo"


class FolderInUse(RuntimeError):
    """The demo's folder belongs to something else."""


@dataclass
class Result:
    """What has come of a run, and everything that is not as it should be."""

    outcome: Outcome
    deliveries: list[Delivery]
    differences: list[str]


@contextlib.contextmanager
def own_folder(folder: Path) -> Iterator[Path]:
    """
    Make the demo's folder and keep other demos out of it.

    :raises FolderInUse: when another demo runs there, or when it holds somebody else's files.
    """
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise FolderInUse(f"{folder} exists and is no folder of this demo; choose another one.")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(f"Another demo is running in {folder}.") from None
        yield folder.resolve()


@contextlib.contextmanager
def installation(
    folder: Path, airflow: LocalAirflow, progress: Progress
) -> Iterator[SandboxServer]:
    """Run the sandbox and an Airflow that is connected to it; end both afterwards."""
    sandbox = SandboxServer(
        folder / "sandbox",
        env=child_environment(airflow.settings.pycache),
        log=folder / "sandbox.log",
    )
    try:
        with progress.stage("Start the sandbox"):
            sandbox.launch()
            airflow.prepare()
            airflow.connections = sandbox.connections(sandbox.wait_ready())
        version = ".".join(str(part) for part in airflow.version)
        with progress.stage(f"Start Airflow {version}"):
            airflow.start()
            airflow.wait_for_dag(DAG_ID)
        yield sandbox
    finally:
        airflow.stop()
        sandbox.stop()


def run_dag(
    airflow: LocalAirflow,
    sandbox: SandboxServer,
    scenario: Scenario,
    progress: Progress,
    *,
    dag_id: str = DAG_ID,
    deferred: bool = True,
) -> Result:
    """
    Run the DAG once in a running installation and look at everything that it has done.

    :param dag_id: The demo's DAG, or another one that is the same.
    :param deferred: Whether its tasks have to wait in the triggerer; otherwise they must not.
    """
    run_id = airflow.api.trigger(dag_id, scenario.conf)
    with progress.tasks() as board:
        airflow.wait_for_run(dag_id, run_id, on_poll=board)
    outcome = read_outcome(airflow, run_id, dag_id)
    deliveries = []
    if scenario.task_state(BUILD) == "success":
        syncs = {SYNCS[sync["task_id"]]: str(sync["sync_id"]) for sync in outcome.syncs}
        deliveries = compare(sandbox.state, sandbox.config["segment"], sandbox.warehouse, syncs)
    differences = [*unexpected(outcome, scenario, deferred), *wrong_rows(deliveries)]
    return Result(outcome, deliveries, differences)


def unexpected(outcome: Outcome, scenario: Scenario, deferred: bool) -> list[str]:
    """Return what a run did otherwise than its scenario says."""
    found = []
    if outcome.state != scenario.run_state:
        found.append(f"the DAG run is {outcome.state}, not {scenario.run_state}")
    for task in outcome.tasks.values():
        wanted = scenario.task_state(task.task_id)
        if task.state != wanted:
            found.append(f"{task.task_id} is {task.state}, not {wanted}")
            found += [f"{task.task_id} says: {task.reason}"] if task.reason else []
        elif task.state == "failed":
            found += [
                f"{task.task_id} failed with a reason without {pattern}: {task.reason}"
                for pattern in [*scenario.reason, *rejected_rows(outcome, task.task_id)]
                if not re.search(pattern, task.reason)
            ]
        waits = task.task_id == BUILD or task.task_id in SYNCS
        ended = waits and task.state in ("success", "failed")
        if ended and task.through_triggerer is not deferred:
            how = "did not wait" if deferred else "waited"
            found.append(f"{task.task_id} {how} in the triggerer, as its log shows")
    return found


def rejected_rows(outcome: Outcome, task_id: str) -> list[str]:
    """Return a pattern for the number of rejected rows, when the task is a sync that has ended."""
    rejected = [sync["rejected"] for sync in outcome.syncs if sync["task_id"] == task_id]
    return [rf"\b{number}\b" for number in rejected]


def wrong_rows(deliveries: list[Delivery]) -> list[str]:
    """Return the differences of all deliveries."""
    return [f"{d.mapping_id}: {difference}" for d in deliveries for difference in d.differences]


def run_demo(
    folder: Path,
    dags: Path,
    scenario: Scenario,
    progress: Progress,
    finished: Callable[[Result, LocalAirflow, str], None],
) -> Result:
    """
    Run a scenario from nothing to nothing.

    :param finished: called with the result, while everything still runs.
    """
    airflow = LocalAirflow(folder / "airflow", dags)
    with installation(folder, airflow, progress) as sandbox:
        result = run_dag(airflow, sandbox, scenario, progress)
        finished(result, airflow, airflow.connections["segment_default"]["host"])
    return result
