"""Run rows in the test bed, and say of each what has come of it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from airflow_provider_dbtsegment.demo.outcome import last_error
from airflow_provider_dbtsegment.sandbox.testing import Started
from tests.chaos.acts import BY_PERSONS, BY_POWER
from tests.chaos.bed import Bed
from tests.chaos.row import Row
from tests.chaos.scene import Scene

FINE = "as it should be"


@dataclass
class Result:
    """What has come of a row, and everything that is not as it should be."""

    row: Row
    started: list[Started] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    state: str = "?"
    tries: int = 0
    message: str = ""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Say in words whether it is as it should be."""
        return "; ".join(self.wrong) or FINE


def play(
    bed: Bed, rows: Sequence[Row], *, at_once: int, tell: Callable[[Result], None]
) -> list[Result]:
    """
    Run rows and return what has come of each, in their order.

    :param at_once: How many go on at the same time; power cuts hit many at once by themselves.
    :param tell: Is told each result as soon as it is there.
    """
    results: dict[str, Result] = {}

    def note(result: Result) -> None:
        results[result.row.name] = result
        tell(result)

    alone = [row for row in rows if row.act not in BY_POWER]
    with ThreadPoolExecutor(at_once) as pool:
        for playing in as_completed([pool.submit(_play_one, bed, row) for row in alone]):
            note(playing.result())
    for act in BY_POWER:
        together = [row for row in rows if row.act == act]
        if together:
            for result in _play_together(bed, act, together):
                note(result)
    return [results[row.name] for row in rows]


def _play_one(bed: Bed, row: Row) -> Result:
    result, began = Result(row), time.monotonic()
    with _noted(result), bed.scene(row) as scene:
        scene.begin()
        if row.act:
            scene.wait_until_polled()
            BY_PERSONS[row.act](scene)
        _look(scene, result)
    return _finished(bed, result, began)


def _finished(bed: Bed, result: Result, began: float) -> Result:
    result.seconds = time.monotonic() - began
    if result.row.kill and not bed.has_died(result.row):
        result.wrong.append("nothing was killed")
    return result


def _play_together(bed: Bed, act: str, rows: Iterable[Row]) -> Iterator[Result]:
    began = time.monotonic()
    bed.put_all_triggers_into_one()
    with ExitStack() as stack:
        scenes = [stack.enter_context(bed.scene(row)) for row in rows]
        results = [Result(scene.row) for scene in scenes]
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                scene.begin()
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                scene.wait_until_polled()
        bed.airflow.components["triggerer-2"].start()
        bed.airflow.wait_healthy()
        BY_POWER[act](bed, scenes)
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                _look(scene, result)
            yield _finished(bed, result, began)


@contextmanager
def _noted(result: Result) -> Iterator[None]:
    """Note an error; other rows go on."""
    try:
        yield
    except Exception as error:
        result.wrong.append(f"{type(error).__name__}: {error}")


def _look(scene: Scene, result: Result) -> None:
    """Wait for the end, and compare everything with what it should be."""
    row = scene.row
    try:
        result.state = scene.wait_for_end()
    except TimeoutError as error:
        result.state = "running"
        result.wrong.append(str(error))
    spared = [rule.fault for rule in scene.faults.rules() if not rule.hits]
    scene.faults.clear()
    result.ends = scene.ends()
    result.started = scene.faults.ledger()
    result.tries = scene.tries()
    log = scene.log()
    result.message = last_error(log) or ""
    wrong = result.wrong
    wrong += [f"the fault on {fault.route} hit nothing" for fault in spared]
    for marker, times in Counter(one.marker for one in result.started).items():
        if marker and times > 1 and not any(one.kind == "retry" for one in result.started):
            wrong.append(f"{times} runs have the mark {marker}")
    if sorted(result.ends) not in (sorted(row.ends), sorted(row.or_ends or row.ends)):
        started, ended = len(result.ends), ", ".join(result.ends)
        wrong.append(
            f"started {started} ({ended}) instead of {row.started} ({', '.join(row.ends)})"
        )
    if result.state != row.state:
        wrong.append(f"the task is {result.state} instead of {row.state}")
    if row.says and not re.search(row.says, log):
        wrong.append(f"the log does not say {row.says!r}")
