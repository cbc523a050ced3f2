"""What many waits cost a real Airflow: both providers, one after the other, in the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.bench.figures import Figure, Target, number
from tests.bench.real.bed import Bed, running_bed
from tests.bench.real.scene import Act, Scene
from tests.bench.real.shape import INTERVAL, KINDS, PROVIDERS, TASKS_A_RUN
from tests.bench.real.triggerer import Cost, watch_triggerer
from tests.bench.settings import Settings

PART = "real"
OPERATORS, SENSORS = KINDS
UNTIL_DEFERRED = "until all are deferred"
LAST_GREEN = "from the end of the runs to the last green"
RED = "tasks that did not succeed"
#: Seconds for which an idle triggerer is watched, for comparison.
IDLE = 20.0


@dataclass(frozen=True)
class Size:
    """
    How much is played.

    :param tasks: Operator tasks that workers begin.
    :param waits: Tasks that wait while the triggerer is watched; the rest is begun by hand.
    :param watched: Seconds.
    :param sensors: Sensors of ours.
    :param their_sensors: Of the community's, of which each needs two workers.
    """

    tasks: int = 500
    waits: int = 1000
    watched: float = 60.0
    sensors: int = 1000
    their_sensors: int = 2 * TASKS_A_RUN


QUICK = Size(tasks=50, waits=100, watched=20.0, sensors=50, their_sensors=50)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure, with a thousand waits or, quickly, with a hundred."""
    return measure_size(settings, QUICK if settings.quick else Size())


def measure_size(settings: Settings, size: Size) -> Iterator[Figure]:
    """Measure with so many tasks."""
    with running_bed(settings.folder) as bed:
        idle = watch_triggerer(bed, IDLE)
        acts = {
            provider: _play(bed, settings, _operators(provider, size)) for provider in PROVIDERS
        }
        sensors = {
            "ours": _play(bed, settings, Scene(SENSORS, "ours", size.sensors)),
            "theirs": _play(bed, settings, Scene(SENSORS, "theirs", size.their_sensors)),
        }
    yield from _of_triggerer(size.waits, acts, idle)
    yield from _of_operators(size, acts)
    yield from _of_sensors(sensors)


def _operators(provider: str, size: Size) -> Scene:
    by_hand = size.waits - size.tasks
    return Scene(OPERATORS, provider, size.tasks, by_hand=by_hand, watched=size.watched)


def _play(bed: Bed, settings: Settings, scene: Scene) -> Act:
    settings.say(f"{scene.tasks} {scene.kind}, {scene.provider} …")
    act = scene.play(bed)
    settings.say(
        f"begun after {act.begun:.0f} s, the last one green {act.last_green:.1f} s after its run, "
        f"{act.starts} starts, {act.red} not green, {act.refused} requests refused"
    )
    return act


def _of_triggerer(waits: int, acts: Mapping[str, Act], idle: Cost) -> Iterator[Figure]:
    ours, theirs = (acts[provider].cost for provider in PROVIDERS)
    case = f"triggerer, every {INTERVAL} s"
    processes = {"process of the triggers": "runner", "supervisor above it": "supervisor"}
    for what, name in processes.items():
        rest = getattr(idle, name)
        pair = [max(getattr(cost, name) - rest, 0.0) for cost in (ours, theirs)]
        what, note = (
            f"processor that the waits cost, {what}",
            f"over {number(rest)} without any wait",
        )
        yield Figure(PART, what, *pair, "% of a core", Target(ratio=15), case, waits, note)
    rows = (
        *((f"processor, {what}, in all", name, "% of a core") for what, name in processes.items()),
        ("requests", "requests", "1/s"),
        ("lines of the tasks' logs", "lines", "1/s"),
        ("memory, process of the triggers", "memory", "MB"),
    )
    for what, name, unit in rows:
        pair = [getattr(cost, name) for cost in (ours, theirs)]
        note = f"{number(getattr(idle, name))} without any wait"
        yield Figure(PART, what, *pair, unit, None, case, waits, note)


def _of_operators(size: Size, acts: Mapping[str, Act]) -> Iterator[Figure]:
    by_hand = size.waits - size.tasks
    some = f"{by_hand} of them begun without a process for each" if by_hand else ""
    rows = (
        (LAST_GREEN, "last_green", "s", Target(ratio=8), some),
        ("from the end of the runs to half of all green", "half_green", "s", None, some),
        (RED, "red", "", Target(at_most=0), ""),
        ("requests that were refused", "refused", "", Target(at_most=0), ""),
    )
    ours, theirs = (acts[provider] for provider in PROVIDERS)
    for what, name, unit, target, note in rows:
        pair = [getattr(act, name) for act in (ours, theirs)]
        yield Figure(PART, what, *pair, unit, target, OPERATORS, size.waits, note)
    yield Figure(PART, UNTIL_DEFERRED, ours.begun, theirs.begun, "s", None, OPERATORS, size.tasks)
    yield _starts(OPERATORS, ours, theirs, None)


def _of_sensors(acts: Mapping[str, Act]) -> Iterator[Figure]:
    ours, theirs = (acts[provider] for provider in PROVIDERS)
    note = "" if ours.tasks == theirs.tasks else f"theirs: with {theirs.tasks}"
    yield _starts(SENSORS, ours, theirs, Target(at_most=0))
    rows = (
        (UNTIL_DEFERRED, ours.begun, theirs.begun, "s", None),
        (LAST_GREEN, ours.last_green, theirs.last_green, "s", None),
        (RED, ours.red, theirs.red, "", Target(at_most=0)),
    )
    for what, of_ours, of_theirs, unit, target in rows:
        yield Figure(PART, what, of_ours, of_theirs, unit, target, SENSORS, ours.tasks, note)


def _starts(case: str, ours: Act, theirs: Act, target: Target | None) -> Figure:
    """Return how many worker processes each task needed."""
    pair = ours.starts / ours.tasks, theirs.starts / theirs.tasks
    return Figure(PART, "worker processes a task", *pair, "", target, case, ours.tasks)
