"""Wait for what was launched: in a worker or in a triggerer, alone or with others."""

from __future__ import annotations

import asyncio
from typing import Any

from airflow_provider_dbtsegment.exceptions import DbtSegmentError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.watch import Watcher, wait_blocking
from tests.histories import rules
from tests.histories.loop import Loop
from tests.histories.service import Thing
from tests.histories.world import BEGINNING, Death, World


class Waiting:
    """How a task waits, and what must hold of that."""

    def __init__(self, world: World, service: Any) -> None:
        tape = world.tape
        self._world = world
        self._service: Any = service
        self._timeout = tape.pick((None, 100.0, 30.0, 600.0))
        self._interval = tape.pick((30.0, 10.0, 60.0))
        self._budget = tape.pick((900.0, 60.0, float("inf")))
        self._blocking = tape.pick((True, False))
        self._others = 0 if self._blocking else tape.pick((0, 0, 1, 2, 4))
        #: By how much the clock is set while it waits, and when.
        self._step = tape.pick((0.0, 0.0, 3600.0, -3600.0, 0.4, -40.0))
        #: Seconds after which the connection holds the new token when the token is replaced.
        self._renewable_after = tape.pick((None, None, None, 0.0, 30.0))
        self._waits = 0

    def wait_for(self, thing: Thing) -> None:
        """Wait until it ends; raises what ends the waiting."""
        self._waits += 1
        if self._step:
            at = self._world.now + self._world.tape.number(40) * 5.0
            self._world.tell(f"the clock is set by {self._step} s at {at - BEGINNING:.1f}")
            self._world.clock_is_set = (at, self._step)
        if self._renewable_after is not None:
            this, seconds = self._waits, self._world.tape.number(40) * 5.0
            self._world.later(seconds, lambda: self._replace_token(this))
        try:
            self._wait_for(thing)
        finally:
            # Somebody puts the clock right, and both tokens are good for a while.
            self._waits += 1
            self._world.clock_is_set = None
            self._service.refused_from = float("inf")

    def _replace_token(self, wait: int) -> None:
        if self._waits == wait:
            self._world.tell("the token is refused from now on")
            self._service.refused_from = self._world.now
            self._service.renewable_from = self._world.now + (self._renewable_after or 0.0)

    def _wait_for(self, thing: Thing) -> None:
        began = self._world.clock()
        deadline = None if self._timeout is None else began + self._timeout
        if self._blocking:
            self._service.time_out = 3.0
            try:
                self._block(thing, deadline, began)
            finally:
                self._service.time_out = 60.0
            return
        lives, self._world.lives = self._world.lives, None
        ended = False
        while not ended:
            try:
                self._watch(thing, deadline, began, lives)
                ended = True
            except Death:
                # Another triggerer goes on, for the same try.
                self._world.advance(self._world.now + self._world.tape.pick((0.0, 5.0, 100.0)))
                lives = None

    def _patience(self, deadline: float | None, began: float) -> Patience:
        return Patience(deadline, began, self._budget)

    def _block(self, thing: Thing, deadline: float | None, began: float) -> None:
        result: Any = None
        resumed = self._world.now
        try:
            result = wait_blocking(
                self._service.source(),
                self._service.key(thing.id),
                interval=self._interval,
                patience=self._patience(deadline, began),
                on_change=lambda label, _: self._world.tell(f"{thing.id} is {label}"),
                clock=self._world.clock,
                monotonic=self._world.steady,
                sleep=self._world.sleep,
            )
        except DbtSegmentError as error:
            result = error
            raise
        finally:
            if result is not None:
                self._check(thing, deadline, resumed, result)

    def _watch(self, thing: Thing, deadline: float | None, began: float, lives: int | None) -> None:
        loop = Loop(self._world)
        if lives is not None:
            loop.die_in(lives * 10.0)
        loop.run(self._watch_all(thing, deadline, began))

    async def _watch_all(self, thing: Thing, deadline: float | None, began: float) -> None:
        source = self._service.source()

        async def renew() -> bool:
            return bool(source.renew())

        watcher: Watcher[Any, Any] = Watcher(source, clock=self._world.clock, renew=renew)
        resumed = self._world.now

        async def one(thing: Thing) -> None:
            result: Any = None
            try:
                result = await watcher.wait(
                    self._service.key(thing.id),
                    interval=self._interval,
                    patience=self._patience(deadline, began),
                    on_change=lambda label, _: self._world.tell(f"{thing.id} is {label}"),
                )
            except DbtSegmentError as error:
                result = error
                raise
            finally:
                if result is not None:
                    self._check(thing, deadline, resumed, result)

        others = []
        for _ in range(self._others):
            self._service.somebody_starts()
            others.append(asyncio.ensure_future(one(self._service.things[-1])))
        try:
            await one(thing)
        finally:
            for ended in await asyncio.gather(*others, return_exceptions=True):
                assert ended is None or isinstance(ended, DbtSegmentError), ended

    def _check(self, thing: Thing, deadline: float | None, began: float, result: Any) -> None:
        self._world.tell(f"the waiting for {thing.id} ends: {result!r}")
        replaced = self._renewable_after is not None
        rules.waited(
            thing,
            now=self._world.now,
            began=began,
            deadline=None if deadline is None else self._passes(deadline),
            interval=self._interval,
            blocking=self._blocking,
            result=result,
            troubled=self._service.troubled or replaced,
        )

    def _passes(self, deadline: float) -> tuple[float, float]:
        """Return when a deadline passes by a clock that is set: at the earliest, at the latest."""
        at, by = self._world.clock_is_set or (self._world.now + 1, 0.0)
        if at > self._world.now:
            return deadline, deadline
        after = max(at, deadline - by)
        before = deadline if deadline <= at else after
        return min(before, after), max(before, after)
