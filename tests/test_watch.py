"""Waiting by a watcher: the same rules, and few requests for many."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import itertools
import threading
import time
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    WaitTimeoutError,
)
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.watch import Watcher
from tests.watched_source import WHERE, Source


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
    await until(lambda: len(source.one) >= 6)
    source.states = {1: "done", 2: "done"}
    assert await asyncio.gather(*waits) == ["done", "done"]
    assert len(source.many) == 1


async def test_one_who_waits_for_nothing_does_not_hurt_the_others() -> None:
    source = Source(batch_size=1)
    source.states = {1: AuthError("no", **WHERE, status=403), 2: "done"}
    watcher = Watcher(source)
    results = await asyncio.gather(follow(watcher, 1), follow(watcher, 2), return_exceptions=True)
    assert isinstance(results[0], AuthError)
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


async def test_a_mistake_in_the_watcher_itself_leaves_nobody_waiting() -> None:
    source = Source()

    def free_in() -> float:
        raise KeyError("bug")

    source.free_in = free_in  # type: ignore[method-assign]
    watcher = Watcher(source)
    waits = [follow(watcher, key) for key in (1, 2)]
    async with asyncio.timeout(5):
        results = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(result) for result in results] == [KeyError, KeyError]


async def test_after_a_mistake_who_comes_later_is_looked_at() -> None:
    source = Source()
    free_in = source.free_in

    def broken() -> float:
        source.free_in = free_in  # type: ignore[method-assign]
        raise KeyError("bug")

    source.free_in = broken  # type: ignore[method-assign]
    watcher = Watcher(source)
    # Somebody asks how what he waited for has ended, so that it does not close.
    with watcher:
        with pytest.raises(KeyError):
            await follow(watcher, 1)
        source.states[2] = "done"
        async with asyncio.timeout(5):
            assert await follow(watcher, 2) == "done"


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
