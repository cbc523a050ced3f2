"""How far things are is told to those who wait by a watcher, and costs little."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial

import pytest

from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.progress import PAUSE
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching.chronicle import MOST
from tests.histories.loop import Loop
from tests.watching.fleet import Fleet, Seen, down, new_world

LASTS = 600.0


@dataclass
class Telling(Fleet):
    """A service that tells how far a run is."""

    asks_progress: bool = True
    is_short: bool = False

    def progress(self, key: int, state: Seen | None) -> str | None:
        if self.asks_progress:
            assert state is None
            self._request("progress")
        else:
            assert state is not None
        return f"{key} at {self.world.now:.0f}"

    def free_in(self) -> float:
        return 5.0 if self.is_short and self.world.now < self.ends[1] - LASTS / 2 else 0.0


def said(service: Telling) -> dict[int, list[float]]:
    """Let all runs be waited for, and return when each was told how far it is."""
    told: dict[int, list[float]] = {key: [] for key in service.ends}

    def hear(key: int, text: str) -> None:
        assert text.startswith(f"{key} at ")
        told[key].append(service.world.now)

    async def wait_for_all() -> None:
        watcher = Watcher(service, clock=service.world.clock)
        waits = (
            watcher.wait(
                key,
                interval=10.0,
                patience=Patience(None, service.world.now),
                on_change=lambda label, _: None,
                on_progress=partial(hear, key),
            )
            for key in service.ends
        )
        await asyncio.gather(*waits)

    Loop(service.world).run(wait_for_all())
    return told


def service_with(count: int, **options: bool) -> Telling:
    world = new_world()
    return Telling(world, dict.fromkeys(range(1, count + 1), world.now + LASTS), **options)


@pytest.mark.parametrize("asks", [True, False], ids=["asked for", "told by states"])
@pytest.mark.parametrize("count", [1, 20])
def test_each_wait_is_told_once_a_minute(count: int, asks: bool) -> None:
    service = service_with(count, asks_progress=asks)
    began = service.world.now
    for told in said(service).values():
        assert len(told) >= LASTS / PAUSE * 0.8
        assert told[0] - began >= PAUSE
        assert all(b - a >= PAUSE - 1 for a, b in itertools.pairwise(told))
    most = count * LASTS / PAUSE
    assert (
        most * 0.8 <= service.count("progress") <= most if asks else not service.count("progress")
    )


def test_many_waits_cost_no_request_more() -> None:
    service = service_with(MOST + 1)
    assert not any(said(service).values())
    assert service.count("progress") == 0


def test_states_that_tell_it_do_so_for_many() -> None:
    assert all(said(service_with(MOST + 1, asks_progress=False)).values())


def test_who_is_short_of_requests_asks_for_no_progress() -> None:
    service = service_with(3, is_short=True)
    began = service.world.now
    said(service)
    assert service.count("progress", 0.0, began + LASTS / 2) == 0
    assert service.count("progress") > 0


def test_what_goes_wrong_with_it_harms_nobody() -> None:
    service = service_with(2)
    began = service.world.now
    service.broken = down(began + PAUSE - 1, began + 3 * PAUSE)
    told = said(service)
    assert all(times and min(times) >= began + 3 * PAUSE for times in told.values())
