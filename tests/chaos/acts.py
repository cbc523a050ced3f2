"""What persons, power cuts and administrators do while a task runs."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from airflow_provider_dbtsegment.demo.component import Component
from tests.chaos.bed import Bed
from tests.chaos.people import TASK, Person
from tests.chaos.scene import RUN, Scene
from tests.chaos.works import MANY

#: Seconds after which the rest of Airflow has noticed that a part of it is gone.
LONG_ENOUGH = 8.0
#: Seconds for which the API server is away; a task's supervisor gives up after three heartbeats.
AWAY = 60.0
#: Seconds for which a new token is good beside the old one: before a cache of the connection ends.
SOON, LATER = 1.0, 8.0
#: The act of rows whose task is marked failed in the other deployment.
KILLED_THERE = "another deployment, killed"

# What a person does to the task.


def mark_failed(scene: Scene) -> None:
    """Mark the task failed, as a person does in Airflow's pages."""
    scene.wait_until_polled()
    scene.person.mark_task("failed")


def mark_success(scene: Scene) -> None:
    """Mark the task successful, as a person does in Airflow's pages."""
    scene.wait_until_polled()
    scene.person.mark_task("success")


def mark_failed_then_clear(scene: Scene) -> None:
    """Mark the task failed, and clear it when all has become quiet."""
    mark_failed(scene)
    scene.wait_for_end()
    scene.bed.sleep(LONG_ENOUGH)
    scene.person.clear()


def clear(scene: Scene) -> None:
    """Clear the task, as a person does in Airflow's pages."""
    scene.wait_until_polled()
    scene.person.clear()


def clear_when_done(scene: Scene) -> None:
    """Clear the task when it has succeeded, so that all of it is done once more."""
    if scene.wait_for_end() == "success":
        scene.person.clear()


def recreate(scene: Scene) -> None:
    """End and delete the DAG run while the task waits, and create it again with the same id."""
    scene.wait_until_polled()
    scene.person.mark_run("failed")
    scene.wait_for_end()
    scene.person.delete_run()
    scene.api.trigger(scene.row.name, {}, RUN)


# What a person does to the DAG, its Variable, its connection.


def edit_when_killed(scene: Scene) -> None:
    """Edit the DAG as soon as the first attempt's process is gone."""
    scene.wait_until_killed()
    scene.bed.edit(scene.row)


def edit_between_attempts(scene: Scene) -> None:
    """Edit the DAG while the task is up for retry."""
    scene.wait_for_try(1, "up_for_retry")
    scene.bed.edit(scene.row)


def edit_and_clear(scene: Scene) -> None:
    """Edit the DAG while the task waits, and clear the task."""
    scene.wait_until_polled()
    scene.bed.edit(scene.row)
    scene.person.clear()


def edit_and_clear_when_done(scene: Scene) -> None:
    """Edit the DAG when the task has succeeded, and clear the task."""
    scene.wait_for_end()
    scene.bed.edit(scene.row)
    scene.person.clear()


def change_variable_when_killed(scene: Scene) -> None:
    """Give the Variable, by which the task names what it starts, another value."""
    scene.wait_until_killed()
    scene.person.change_variable(str(scene.row.edit["variable"]))


def change_list_and_clear(scene: Scene) -> None:
    """Change the list over which the task is mapped, and clear it with what it comes from."""
    scene.wait_for_starts(scene.row.tasks)
    scene.wait_until_polled()
    scene.person.change_variable(str(scene.row.edit["variable"]))
    scene.person.clear(["values"], downstream=True)


def rename_host_when_killed(scene: Scene) -> None:
    """Let the connection name the same services by another name."""
    scene.wait_until_killed()
    host = str(scene.connection["host"]).replace("127.0.0.1", "localhost")
    scene.person.change_connection({**scene.connection, "host": host})


def change_host_when_killed(scene: Scene) -> None:
    """Let the connection lead to other services, where a person's run has the same id."""
    scene.start("lasting", sandbox=scene.elsewhere)
    scene.wait_until_killed()
    _lead_elsewhere(scene)


def change_host(scene: Scene) -> None:
    """Let the connection lead to other services while the task waits."""
    scene.start("quick", sandbox=scene.elsewhere)
    scene.wait_until_polled()
    _lead_elsewhere(scene)


def _lead_elsewhere(scene: Scene) -> None:
    if scene.elsewhere is None:
        raise AssertionError("The row has one installation of the services.")
    changed = {**scene.connection, "host": scene.elsewhere.url}
    if changed["login"]:
        changed["password"] = scene.bed.service_token(scene.elsewhere)
    scene.person.change_connection(changed)


def rotate_token(scene: Scene) -> None:
    """Give the connection a new token, and revoke the old one at once."""
    scene.wait_until_polled()
    scene.rotate(SOON)


def rotate_token_slowly(scene: Scene) -> None:
    """Give the connection a new token, and revoke the old one a little later."""
    scene.wait_until_polled()
    scene.rotate(LATER)


# What a person does to the services.


def cancel(scene: Scene) -> None:
    """Cancel the run or the sync, as a person does in the service's pages."""
    scene.wait_until_polled()
    scene.cancel(scene.faults.ledger()[-1])


def cancel_by_itself(scene: Scene) -> None:
    """Let dbt Cloud itself cancel the run."""
    scene.wait_until_polled()
    scene.faults.cancel_run(int(scene.faults.ledger()[-1].id))


# What a person does to the task state store.

#: Values that nobody of ours has written.
GARBAGE: dict[str, Callable[[Any], Any]] = {
    "lists": lambda value: ["no", 1, None],
    "texts": lambda value: _with_texts(value),
    "nothing": lambda value: {},
}


def _with_texts(value: Any) -> Any:
    """Return a record whose numbers, lists and objects are texts."""
    if isinstance(value, dict):
        return {name: one if isinstance(one, str) else f"no {one}" for name, one in value.items()}
    return f"no {value}"


def corrupt(kind: str) -> Callable[[Scene], None]:
    """Return what makes garbage of all records when the first attempt's process is gone."""

    def corrupt_when_killed(scene: Scene) -> None:
        scene.wait_until_killed()
        for key, value in scene.person.state_store().items():
            scene.person.change_state_store(key, GARBAGE[kind](value))

    return corrupt_when_killed


def forget_when_killed(scene: Scene) -> None:
    """Delete all records when the first attempt's process is gone, as if they had expired."""
    scene.wait_until_killed()
    scene.person.clear_state_store()


def clear_and_forget(scene: Scene) -> None:
    """Clear the task, and with it its records, as Airflow 3.4 does."""
    scene.wait_until_polled()
    scene.person.clear_state_store()
    scene.person.clear()


def clear_and_forget_when_done(scene: Scene) -> None:
    """Clear the task when it has succeeded, and with it its records."""
    scene.wait_for_end()
    scene.person.clear_state_store()
    scene.person.clear()


# Processes that stand still.


def thaw_when_adopted(scene: Scene) -> None:
    """Let the first attempt go on when the next one waits for the same run."""
    scene.wait_until_killed()
    scene.wait_for_try(2, "running", "deferred")
    scene.wait_until_polled(4)
    scene.thaw()


def thaw_when_started(scene: Scene) -> None:
    """Let the first attempt go on when the next one has started something."""
    scene.wait_until_killed()
    scene.wait_for_starts(1)
    scene.bed.sleep(1.0)
    scene.thaw()


# What others start.


def forge(scene: Scene) -> None:
    """Start a run whose cause holds what a marker of the task could look like."""
    names = json.dumps([scene.row.name, RUN, TASK, -1])
    key = hashlib.sha256(names.encode()).hexdigest()[:12]
    for marker in (f"[af:{key}/1]", f"[af:{key}/1.{scene.row.retries}.{'0' * 8}]"):
        steps = ["dbt run --select lasting"]
        scene.start(cause=f"It is mine {marker}", steps_override=steps)


def start_before(scene: Scene) -> None:
    """Start what the task is to start, a moment before it does."""
    scene.start()


# Power cuts, nodes that are drained, a second Airflow: all rows of one kind at once.


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


def terminate_scheduler(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Send SIGTERM to the scheduler, the workers and the tasks, as a drained node does."""

    def terminate(component: Component) -> None:
        for pid in reversed(component.processes()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        bed.sleep(LONG_ENOUGH)
        component.kill()

    _away_for_a_while(bed, "scheduler", end=terminate)


def take_api_server_away(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Kill the API server, and start it a minute later."""
    _away_for_a_while(bed, "api-server", seconds=AWAY)
    bed.airflow.wait_healthy()


def _away_for_a_while(
    bed: Bed,
    *names: str,
    end: Callable[[Component], None] = Component.kill,
    seconds: float = LONG_ENOUGH,
) -> None:
    """End parts of Airflow, and start them when the others have noticed."""
    components = [bed.airflow.components[name] for name in names]
    for component in components:
        end(component)
    bed.sleep(seconds)
    for component in components:
        component.start()


def freeze_triggerer(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Stop the processes of the triggerer that has all the triggers until another one has them."""
    pids = bed.airflow.components["triggerer"].processes()
    _signal(pids, signal.SIGSTOP)
    try:
        for scene in scenes:
            before = scene.polls()
            scene.wait(lambda: scene.polls() > before + 2, "another triggerer", 60)  # noqa: B023
    finally:
        _signal(pids, signal.SIGCONT)
    bed.sleep(LONG_ENOUGH)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def revive_triggerers(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Start triggerers that are dead, until every trigger has killed its own and both are back."""
    quiet_for = waited = 0.0
    while waited < 180 and quiet_for < LONG_ENOUGH:
        bed.sleep(0.5)
        waited += 0.5
        all_dead = all(bed.has_died(scene.row) for scene in scenes)
        quiet_for = quiet_for + 0.5 if all_dead else 0.0
        for name in ("triggerer", "triggerer-2"):
            bed.airflow.components[name].start()


def run_in_another_deployment(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Run the same DAG run in a second Airflow; in some rows a person marks its task failed."""
    for scene, person in zip(scenes, _begin_in_another(bed, scenes), strict=True):
        if scene.row.act == KILLED_THERE:
            person.mark_task("failed")
    for scene in scenes:
        found = _wait_in_another(bed, scene, "success", "failed")
        wanted = "failed" if scene.row.act == KILLED_THERE else "success"
        if found != [wanted]:
            scene.wrong.append(f"the other deployment's task is {', '.join(found)}")


def _begin_in_another(bed: Bed, scenes: Sequence[Scene]) -> list[Person]:
    """Start the DAG runs there, and return who sees them when their tasks run or wait."""
    if bed.other is None:
        raise AssertionError("There is no other deployment.")
    api = bed.api_of(bed.other)
    persons = [Person(api, scene.row.name, RUN) for scene in scenes]
    for scene, person in zip(scenes, persons, strict=True):
        person.create_connection(scene.connection)
        api.trigger(scene.row.name, {}, RUN)
    for scene in scenes:
        _wait_in_another(bed, scene, "running", "deferred", "success", "failed")
    return persons


def _wait_in_another(bed: Bed, scene: Scene, *states: str) -> list[str]:
    """Return the states of the task there as soon as they are among some."""
    if bed.other is None:
        raise AssertionError("There is no other deployment.")
    api, name = bed.api_of(bed.other), scene.row.name
    found: list[str] = []

    def is_there() -> bool:
        found[:] = [str(task["state"]) for task in api.task_instances(name, RUN)]
        return bool(found) and all(state in states for state in found)

    scene.wait(is_there, f"the other deployment's task to be {' or '.join(states)}", 200)
    return found


def wait(bed: Bed, scenes: Sequence[Scene]) -> None:
    """Do nothing."""


@contextmanager
def _another_deployment(bed: Bed, scenes: Sequence[Scene]) -> Iterator[None]:
    with bed.another_deployment():
        yield


@contextmanager
def _many_workers(bed: Bed, scenes: Sequence[Scene]) -> Iterator[None]:
    """Let the scheduler run as many tasks at once as syncs are to begin."""
    scheduler = bed.airflow.components["scheduler"]
    name = "AIRFLOW__CORE__PARALLELISM"
    before = scheduler.env[name]
    for value in (str(MANY + 4), before):
        scheduler.stop()
        scheduler.env[name] = value
        scheduler.start()
        bed.airflow.wait_healthy()
        if value != before:
            yield


@dataclass(frozen=True)
class Together:
    """
    What hits all rows of one kind at once, while no other row goes on.

    :param acts: Their acts.
    :param happens: What happens when all tasks run or wait.
    :param around: What has to be there before they begin.
    :param to_triggers: Whether it is about which triggerer has the triggers.
    :param when_polled: Whether it happens only when all tasks wait.
    """

    acts: Sequence[str]
    happens: Callable[[Bed, Sequence[Scene]], None]
    around: Callable[[Bed, Sequence[Scene]], Any] = lambda bed, scenes: nullcontext()
    to_triggers: bool = False
    when_polled: bool = True


ALONE: dict[str, Callable[[Scene], None]] = {
    "mark failed": mark_failed,
    "mark success": mark_success,
    "mark failed, clear": mark_failed_then_clear,
    "clear": clear,
    "clear when done": clear_when_done,
    "recreate": recreate,
    "edit when killed": edit_when_killed,
    "edit between attempts": edit_between_attempts,
    "edit and clear": edit_and_clear,
    "edit and clear when done": edit_and_clear_when_done,
    "change variable when killed": change_variable_when_killed,
    "change list and clear": change_list_and_clear,
    "rename host when killed": rename_host_when_killed,
    "change host when killed": change_host_when_killed,
    "change host": change_host,
    "rotate token": rotate_token,
    "rotate token slowly": rotate_token_slowly,
    "cancel": cancel,
    "cancel by itself": cancel_by_itself,
    **{f"corrupt: {kind}": corrupt(kind) for kind in GARBAGE},
    "forget when killed": forget_when_killed,
    "clear and forget": clear_and_forget,
    "clear and forget when done": clear_and_forget_when_done,
    "thaw when adopted": thaw_when_adopted,
    "thaw when started": thaw_when_started,
}
#: What happens before the DAG run begins.
BEFORE: dict[str, Callable[[Scene], None]] = {
    "forge": forge,
    "start before": start_before,
}
TOGETHER = [
    Together(["triggerer killed"], kill_triggerer, to_triggers=True),
    Together(["triggerer stopped"], stop_triggerer, to_triggers=True),
    Together(["both triggerers killed"], kill_both_triggerers, to_triggers=True),
    Together(["triggerer frozen"], freeze_triggerer, to_triggers=True),
    Together(["triggerer dies"], revive_triggerers, to_triggers=True),
    Together(["scheduler killed"], kill_scheduler),
    Together(["scheduler terminated"], terminate_scheduler),
    Together(["API server away"], take_api_server_away),
    Together(["another deployment", KILLED_THERE], run_in_another_deployment, _another_deployment),
    Together(["many at once"], wait, _many_workers, when_polled=False),
]
