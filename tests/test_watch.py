"""Waiting by a watcher: the same rules, and few requests for many."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from airflow_provider_dbtsegment import watch
from airflow_provider_dbtsegment.exceptions import WaitFaultsError, WaitTimeoutError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching import crew, looks
from airflow_provider_dbtsegment.watching.crew import LateError
from tests.watched_source import REFUSED, UNAUTHORIZED, Source


async def follow(watcher: Watcher[int, str], key: int, **options: Any) -> str:
    patience = options.pop("patience", None) or Patience(None, time.time())
    interval = options.pop("interval", 0.05)
    on_change = options.pop("on_change", lambda label, _: None)
    return await watcher.wait(key, interval=interval, patience=patience, on_change=on_change)


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_many_waits_are_asked_for_together() -> None:
    source = Source()
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, key, interval=0.3)) for key in range(250)]
    await until(lambda: sum(map(len, source.many)) >= 500)
    looks = len(source.many)
    source.states = dict.fromkeys(range(250), "done")
    assert await asyncio.gather(*waits) == ["done"] * 250
    # Three for each round, and perhaps one more for those who came a moment later.
    assert looks <= 8
    assert max(len(keys) for keys in source.many) == 100
    assert source.one == []


async def test_the_interval_is_never_cut_short() -> None:
    source = Source(batch_size=1)
    looks: list[float] = []
    ask = source.ask_one

    def ask_and_note(key: int) -> str:
        looks.append(time.monotonic())
        return ask(key)

    source.ask_one = ask_and_note  # type: ignore[method-assign]
    task = asyncio.create_task(follow(Watcher(source), 1, interval=0.05))
    await until(lambda: len(looks) >= 5)
    source.states[1] = "done"
    await task
    assert all(later - earlier >= 0.049 for earlier, later in itertools.pairwise(looks))


async def test_what_a_bulk_answer_leaves_out_is_asked_for_alone() -> None:
    source = Source()
    source.leaves_out = {2}
    source.states = {1: "done", 2: "done"}
    watcher = Watcher(source)
    assert await asyncio.gather(follow(watcher, 1), follow(watcher, 2)) == ["done", "done"]
    assert source.one == [2]


async def test_a_refused_bulk_request_is_not_sent_again() -> None:
    source = Source()
    source.refuses_many = True
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, key)) for key in (1, 2)]
    await until(lambda: len(source.many) >= 3)
    looks = len(source.one)
    await until(lambda: len(source.one) >= looks + 6)
    source.states = {1: "done", 2: "done"}
    assert await asyncio.gather(*waits) == ["done", "done"]
    # Once, and twice to see whether it is because of one of the two.
    assert len(source.many) == 3


async def test_one_who_waits_for_nothing_does_not_hurt_the_others() -> None:
    source = Source(batch_size=1)
    source.states = {1: REFUSED, 2: "done"}
    watcher = Watcher(source)
    results = await asyncio.gather(follow(watcher, 1), follow(watcher, 2), return_exceptions=True)
    assert results[0] is REFUSED
    assert results[1] == "done"


async def test_two_may_wait_for_the_same_thing() -> None:
    source = Source()
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, 1)) for _ in range(2)]
    await until(lambda: source.one)
    source.states[1] = "done"
    assert await asyncio.gather(*waits) == ["done", "done"]


async def test_a_deadline_ends_a_wait_after_a_last_look() -> None:
    source = Source()
    began = time.time()
    patience = Patience(began + 0.3, began)
    with pytest.raises(WaitTimeoutError):
        await follow(Watcher(source), 1, interval=0.2, patience=patience)
    assert len(source.one) == 2
    assert 0.29 <= time.time() - began < 2


async def test_everything_is_closed_when_the_last_one_leaves() -> None:
    source = Source()
    source.states[1] = "done"
    watcher = Watcher.shared("key", lambda: source)
    assert Watcher.shared("key", lambda: Source()) is watcher
    await follow(watcher, 1)
    assert await asyncio.to_thread(source.closed.wait, 5)
    assert Watcher.shared("key", lambda: Source()) is not watcher
    Watcher._shared.clear()


async def test_a_cancelled_wait_leaves_the_others_alone() -> None:
    source = Source()
    watcher = Watcher(source)
    gone = asyncio.create_task(follow(watcher, 1))
    stays = asyncio.create_task(follow(watcher, 2))
    await until(lambda: source.many or source.one)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    source.states[2] = "done"
    assert await stays == "done"


async def test_it_runs_in_nobodys_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("task", default="nobody")
    source = Source(batch_size=1)
    seen: list[str] = []
    ended = source.ended

    def ended_and_note(state: str) -> bool:
        seen.append(variable.get())
        return ended(state)

    source.ended = ended_and_note  # type: ignore[method-assign]
    variable.set("somebody")
    task = asyncio.create_task(follow(Watcher(source), 1))
    await until(lambda: "nobody" in seen)
    source.states[1] = "done"
    await task


@pytest.fixture
def restarts_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RESTART_PAUSE", 0.05)
    monkeypatch.setattr(watch, "LONGEST_RESTART_PAUSE", 0.2)


@pytest.mark.usefixtures("restarts_soon")
async def test_a_bug_in_the_poll_loop_counts_as_a_fault_until_the_error_budget_is_used_up() -> None:
    source = Source()

    def free_in() -> float:
        raise KeyError("bug")

    source.free_in = free_in  # type: ignore[method-assign]
    watcher = Watcher(source)
    short, long = (Patience(None, time.time(), budget) for budget in (0.3, 30.0))
    patient = asyncio.create_task(follow(watcher, 2, patience=long))
    with pytest.raises(WaitFaultsError, match=r"KeyError\('bug'\)"):
        await follow(watcher, 1, patience=short)
    assert not patient.done()
    del source.free_in  # type: ignore[attr-defined]
    source.states[2] = "done"
    async with asyncio.timeout(5):
        assert await patient == "done"


@pytest.mark.usefixtures("restarts_soon")
@pytest.mark.parametrize("place", ["free_in", "group", "urgency"])
async def test_after_a_bug_in_the_poll_loop_everybody_is_polled_again(place: str) -> None:
    source = Source()

    def broken(*arguments: Any) -> float:
        delattr(source, place)
        raise KeyError("bug")

    setattr(source, place, broken)
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, key)) for key in range(200)]
    await until(lambda: place not in vars(source))
    source.states = dict.fromkeys(range(200), "done")
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waits) == ["done"] * 200


@pytest.mark.parametrize("place", ["label", "ended", "ended_at", "age"])
async def test_a_bug_with_one_state_ends_one_wait(place: str) -> None:
    source = Source()
    right = getattr(source, place)

    def odd(state: str) -> Any:
        if state == "odd":
            raise KeyError("bug")
        return right(state)

    setattr(source, place, odd)
    source.states[1] = "odd"
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, key)) for key in range(1, 4)]
    if place == "ended_at":  # is asked for ends alone
        source.ended = lambda state: state in ("odd", "done")  # type: ignore[method-assign]
    await until(waits[0].done)
    source.states |= {2: "done", 3: "done"}
    results = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(results[0], KeyError) or results[0] == "odd"
    assert results[1:] == ["done", "done"]


async def test_a_callback_that_fails_ends_its_own_wait() -> None:
    source = Source()

    def fail(*told: Any) -> None:
        raise KeyError("bug")

    watcher = Watcher(source)
    failing = asyncio.create_task(follow(watcher, 1, on_change=fail))
    others = [asyncio.create_task(follow(watcher, key)) for key in (1, 2)]
    with pytest.raises(KeyError):
        await failing
    source.states = {1: "done", 2: "done"}
    assert await asyncio.gather(*others) == ["done", "done"]


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()], ids=repr)
async def test_waits_outlast_a_moment_without_threads(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, start = Source(), threading.Thread.start
    refused = 0

    def refuse(thread: threading.Thread) -> None:
        nonlocal refused
        if not thread.name.startswith("dbtsegment-watch"):
            start(thread)
            return
        refused += 1
        raise error

    monkeypatch.setattr(threading.Thread, "start", refuse)
    watcher = Watcher(source)
    waits = [asyncio.create_task(follow(watcher, key)) for key in range(50)]
    impatient = Patience(None, time.time(), 0.2)
    with pytest.raises(WaitFaultsError, match="no thread could be started"):
        await follow(watcher, 1, patience=impatient)
    assert refused > 2
    monkeypatch.setattr(threading.Thread, "start", start)
    source.states = dict.fromkeys(range(50), "done")
    assert await asyncio.gather(*waits) == ["done"] * 50


async def test_a_thread_that_cannot_be_started_leaves_its_work_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, start = Source(batch_size=1), threading.Thread.start
    begun = 0

    def once(thread: threading.Thread) -> None:
        nonlocal begun
        if thread.name.startswith("dbtsegment-watch"):
            if begun:
                raise RuntimeError("can't start new thread")
            begun += 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", once)
    source.states = dict.fromkeys(range(20), "done")
    watcher = Watcher(source)
    waits = [follow(watcher, key) for key in range(20)]
    assert await asyncio.gather(*waits) == ["done"] * 20


class Hanging(Source):
    """A service whose first answers do not come before they are let go."""

    def __init__(self, hanging: int, batch_size: int = 100) -> None:
        super().__init__(batch_size)
        self.let_go = threading.Event()
        self.hanging = hanging

    def ask_many(self, keys: Sequence[int]) -> Mapping[int, str]:
        answer = super().ask_many(keys)
        self._hang()
        return answer

    def ask_one(self, key: int) -> str:
        answer = super().ask_one(key)
        self._hang()
        return answer

    def _hang(self) -> None:
        if self.hanging:
            self.hanging -= 1
            self.let_go.wait(30)


@pytest.fixture
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LONGEST_POLL", 0.3)


@pytest.mark.usefixtures("short_of_patience")
@pytest.mark.parametrize(("hanging", "batch_size"), [(2, 100), (4, 1), (8, 1)])
async def test_answers_that_never_come_do_not_hold_up_the_others(
    hanging: int, batch_size: int
) -> None:
    source = Hanging(hanging, batch_size)
    watcher = Watcher(source)
    faults: list[Exception] = []
    patience = Patience(None, time.time())
    waits = [
        asyncio.create_task(follow(watcher, key, interval=0.2 + key % 3 * 0.1)) for key in range(20)
    ]
    waits.append(asyncio.create_task(follow(watcher, 0, patience=patience, interval=0.2)))
    await until(lambda: not source.hanging)
    await until(lambda: patience._fault is not None and not faults.append(patience._fault))
    assert "no answer for 0.3 s" in str(faults[0])
    source.states = dict.fromkeys(range(20), "done")
    async with asyncio.timeout(5):
        await asyncio.gather(*waits)
    source.let_go.set()


@pytest.mark.usefixtures("short_of_patience")
async def test_an_answer_that_comes_late_is_taken_all_the_same() -> None:
    source = Hanging(1)
    source.states[1] = "done"
    watcher = Watcher(source)
    wait = asyncio.create_task(follow(watcher, 1, interval=0.05))
    await until(lambda: source.one)
    source.states[1] = UNAUTHORIZED
    await until(lambda: len(source.one) >= 2)
    source.let_go.set()
    async with asyncio.timeout(5):
        assert await wait == "done"


@pytest.mark.usefixtures("short_of_patience")
async def test_threads_that_are_given_up_are_not_replaced_without_end() -> None:
    source = Hanging(1000, batch_size=1)
    watcher = Watcher(source)
    patience = Patience(None, time.time(), 2.0)
    waits = [asyncio.create_task(follow(watcher, key, interval=0.05)) for key in range(100)]
    with pytest.raises(WaitFaultsError):
        await follow(watcher, 0, patience=patience)
    alive = [t for t in threading.enumerate() if t.name.startswith("dbtsegment-watch")]
    assert len(alive) <= crew.MAX_LATE + crew.THREADS + crew.HANDS
    source.hanging = 0
    source.let_go.set()
    source.states = dict.fromkeys(range(100), "done")
    async with asyncio.timeout(10):
        assert await asyncio.gather(*waits) == ["done"] * 100


async def test_what_is_done_after_waiting_does_not_take_for_ever() -> None:
    source, let_go = Source(), threading.Event()
    watcher = Watcher(source)
    with watcher:
        for _ in range(crew.HANDS + 1):
            with pytest.raises(LateError):
                await watcher.work(lambda: let_go.wait(30), limit=0.05)
        assert await watcher.work(lambda: "done") == "done"
    let_go.set()


async def test_a_watcher_closes_though_an_answer_never_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "LONGEST_END", 0.2)
    source = Hanging(1)
    watcher = Watcher(source)
    wait = asyncio.create_task(follow(watcher, 1))
    await until(lambda: source.one)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    assert await asyncio.to_thread(source.closed.wait, 5)
    source.let_go.set()


@pytest.mark.parametrize("steps", range(6))
async def test_it_ends_also_when_there_is_news_at_that_moment(steps: int) -> None:
    watcher = Watcher(Source())
    wait = asyncio.create_task(follow(watcher, 1, interval=60))
    await until(lambda: watcher._wakes_at)
    loop = watcher._loop_task
    assert loop is not None
    watcher._news.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    await until(loop.done)


async def test_it_leaves_no_threads_behind() -> None:
    source = Source()
    source.states[1] = "done"
    watcher = Watcher(source)
    await follow(watcher, 1)
    del watcher
    gc.collect()
    await until(
        lambda: not [t for t in threading.enumerate() if t.name.startswith("dbtsegment-watch")]
    )
