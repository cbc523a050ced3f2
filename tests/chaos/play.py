"""Run rows in the test bed, and say of each what has come of it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from airflow_provider_dbtsegment.demo.outcome import last_error
from airflow_provider_dbtsegment.sandbox.testing import Started
from tests.chaos.acts import ALONE, BEFORE, TOGETHER, Together
from tests.chaos.bed import Bed
from tests.chaos.row import DBT_CLOUD, Row
from tests.chaos.scene import Scene
from tests.chaos.works import JOBS

FINE = "as it should be"
#: How many more rows go on at the same time of those that wait most of the time.
MORE_IDLE = 4


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

    :param at_once: How many go on at the same time, beside those that wait most of the time; power
        cuts hit many at once by themselves.
    :param tell: Is told each result as soon as it is there.
    :raises InterruptedRun: When everything is to end; results up to then have been told.
    """
    results: dict[str, Result] = {}

    def note(result: Result) -> None:
        results[result.row.name] = result
        tell(result)

    gathered = {act for together in TOGETHER for act in together.acts}
    alone = [row for row in rows if row.act not in gathered]
    with (
        _pool(at_once + MORE_IDLE, bed, [row for row in alone if row.idle]) as idle,
        _pool(at_once, bed, [row for row in alone if not row.idle]) as busy,
    ):
        for playing in as_completed([*idle, *busy]):
            note(playing.result())
    for together in TOGETHER:
        hit = [row for row in rows if row.act in together.acts]
        if hit:
            for result in _play_together(bed, together, hit):
                note(result)
    return [results[row.name] for row in rows]


@contextmanager
def _pool(size: int, bed: Bed, rows: Sequence[Row]) -> Iterator[list[Future[Result]]]:
    """Run rows in threads of their own; those that have not begun never do if something fails."""
    pool = ThreadPoolExecutor(size)
    try:
        yield [pool.submit(_play_one, bed, row) for row in rows]
    except BaseException:
        bed.stopping.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _play_one(bed: Bed, row: Row) -> Result:
    result, began = Result(row), time.monotonic()
    with _noted(result), bed.scene(row) as scene:
        if row.act in BEFORE:
            BEFORE[row.act](scene)
        scene.begin()
        with _noted(result):
            if row.act in ALONE:
                _act(scene, row.act)
        _look(scene, result)
    return _finished(bed, result, began)


def _act(scene: Scene, name: str) -> None:
    try:
        ALONE[name](scene)
    except Exception:
        # What stands still would keep the row from its end.
        scene.thaw()
        raise


def _finished(bed: Bed, result: Result, began: float) -> Result:
    result.seconds = time.monotonic() - began
    if (result.row.kill or result.row.twice) and not bed.has_died(result.row):
        result.wrong.append("no process was killed, stopped or doubled")
    return result


def _play_together(bed: Bed, act: Together, rows: Iterable[Row]) -> Iterator[Result]:
    began = time.monotonic()
    if act.to_triggers:
        bed.put_all_triggers_into_one()
    with ExitStack() as stack:
        scenes = [stack.enter_context(bed.scene(row)) for row in rows]
        results = [Result(scene.row) for scene in scenes]
        stack.enter_context(act.around(bed, scenes))
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                scene.begin()
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                if act.when_polled:
                    scene.wait_until_polled()
        if act.to_triggers:
            bed.airflow.components["triggerer-2"].start()
            bed.airflow.wait_healthy()
        _happen(bed, act, scenes, results)
        for scene, result in zip(scenes, results, strict=True):
            with _noted(result):
                _look(scene, result)
            yield _finished(bed, result, began)


def _happen(bed: Bed, act: Together, scenes: Sequence[Scene], results: Sequence[Result]) -> None:
    try:
        act.happens(bed, scenes)
    except Exception as error:
        for result in results:
            result.wrong.append(f"{type(error).__name__}: {error}")


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
        scene.bed.sleep(row.hold)
    except TimeoutError as error:
        result.state = "running"
        result.wrong.append(str(error))
    spared = [rule.fault for rule in scene.faults.rules() if not rule.hits]
    scene.faults.clear()
    result.ends = scene.ends()
    result.started = scene.faults.ledger()
    result.tries = scene.tries()
    logs = [scene.log(number) for number in range(1, result.tries + 1)]
    result.message = last_error(logs[-1]) or ""
    result.wrong += [f"the fault on {fault.route} hit nothing" for fault in spared]
    result.wrong += [*_wrong_starts(row, result), *_wrong_elsewhere(scene), *scene.wrong]
    if result.state != row.state:
        result.wrong.append(f"the task is {result.state} instead of {row.state}")
    if row.says and not re.search(row.says, logs[-1]):
        result.wrong.append(f"the log does not say {row.says!r}")
    if row.never and (found := re.search(row.never, "\n".join(logs))):
        result.wrong.append(f"a log says {found[0]!r}")
    if row.absent:
        left = sorted(set(row.absent) & set(scene.person.xcoms()))
        result.wrong += [f"the XCom {key} is there" for key in left]


def _wrong_starts(row: Row, result: Result) -> Iterator[str]:
    """Yield what is wrong with what was started."""
    # A DAG run with the id of one that was deleted has its markers, too.
    may_repeat = row.act == "recreate" or any(one.kind == "retry" for one in result.started)
    for marker, times in Counter(one.marker for one in result.started).items():
        if marker and times > 1 and not may_repeat:
            yield f"{times} runs have the mark {marker}"
    if sorted(result.ends) not in (sorted(row.ends), sorted(row.or_ends or row.ends)):
        started, ended = len(result.ends), ", ".join(result.ends)
        yield f"started {started} ({ended}) instead of {row.started} ({', '.join(row.ends)})"
    if row.about is not None:
        wanted = [str(JOBS[one]) if row.service == DBT_CLOUD else one for one in row.about]
        found = [str(one.about) for one in result.started]
        if row.tasks > 1:
            wanted, found = sorted(wanted), sorted(found)
        if found != wanted:
            yield f"started {', '.join(found)} instead of {', '.join(wanted)}"


def _wrong_elsewhere(scene: Scene) -> Iterator[str]:
    wanted, found = scene.row.elsewhere, scene.ends_elsewhere()
    if wanted is not None and sorted(found) != sorted(wanted):
        yield f"elsewhere {len(found)} were started ({', '.join(found)}), not {', '.join(wanted)}"
