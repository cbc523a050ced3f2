"""What persons and power cuts do while a task waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from airflow_provider_dbtsegment.demo.component import Component
from tests.chaos.bed import Bed
from tests.chaos.scene import RUN, Scene

#: Seconds after which the rest of Airflow has noticed that a part of it is gone.
LONG_ENOUGH = 8.0


def mark_failed(scene: Scene) -> None:
    """Mark the task failed, as a person does in Airflow's pages."""
    scene.api.request("PATCH", scene.path, json={"new_state": "failed"})


def clear(scene: Scene) -> None:
    """Clear the task, as a person does in Airflow's pages."""
    body = {"dry_run": False, "dag_run_id": RUN, "task_ids": ["work"], "only_failed": False}
    scene.api.request("POST", f"/dags/{scene.row.name}/clearTaskInstances", json=body)


def clear_when_done(scene: Scene) -> None:
    """Clear the task when it has succeeded, so that all of it is done once more."""
    if scene.wait_for_end() == "success":
        clear(scene)


def cancel(scene: Scene) -> None:
    """Cancel the run or the sync, as a person does in the service's pages."""
    scene.cancel(scene.faults.ledger()[-1])


def kill_triggerer(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Kill the triggerer that has all the triggers, while another one is there."""
    _away_for_a_while(bed, "triggerer")


def stop_triggerer(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Stop the triggerer politely, as a deployment does."""
    _away_for_a_while(bed, "triggerer", end=Component.stop)


def kill_both_triggerers(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Kill both triggerers; for a while there is none."""
    _away_for_a_while(bed, "triggerer", "triggerer-2")


def kill_scheduler(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Kill the scheduler, and with it the workers and their tasks."""
    _away_for_a_while(bed, "scheduler")


def _away_for_a_while(
    bed: Bed, *names: str, end: Callable[[Component], None] = Component.kill
) -> None:
    """End parts of Airflow, and start them when the others have noticed."""
    components = [bed.airflow.components[name] for name in names]
    for component in components:
        end(component)
    time.sleep(LONG_ENOUGH)
    for component in components:
        component.start()


def revive_triggerers(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Start triggerers that are dead, until every trigger has killed its own and both are back."""
    until = time.monotonic() + 180
    quiet_since = time.monotonic()
    while time.monotonic() < min(until, quiet_since + LONG_ENOUGH):
        time.sleep(0.5)
        if not all(bed.has_died(scene.row) for scene in scenes):
            quiet_since = time.monotonic()
        for name in ("triggerer", "triggerer-2"):
            bed.airflow.components[name].start()


BY_PERSONS: dict[str, Callable[[Scene], None]] = {
    "mark failed": mark_failed,
    "clear": clear,
    "clear when done": clear_when_done,
    "cancel": cancel,
}
BY_POWER: dict[str, Callable[[Bed, Sequence[Scene]], None]] = {
    "triggerer killed": kill_triggerer,
    "triggerer stopped": stop_triggerer,
    "both triggerers killed": kill_both_triggerers,
    "triggerer dies": revive_triggerers,
    "scheduler killed": kill_scheduler,
}
