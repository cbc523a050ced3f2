"""What a task that begins in the triggerer leaves behind while it waits."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment.triggers import announcing
from airflow_provider_dbtsegment.triggers.announcing import Announcement

LOG = logging.getLogger(__name__)


class Airflow:
    """Stores XComs one after the other, and takes its time."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.at_once = self.most_at_once = 0
        self.is_there = True

    async def store_xcoms(self, task_instance: Any, xcoms: dict[str, Any]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0.01)
            if not self.is_there:
                raise RuntimeError("no Airflow")
            self.stored.update({f"{task_instance.task_id}.{key}": xcoms[key] for key in xcoms})
        finally:
            self.at_once -= 1


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    airflow = Airflow()
    monkeypatch.setattr(announcing, "store_xcoms", airflow.store_xcoms)
    return airflow


def announced(task_id: str, **xcoms: Any) -> Announcement:
    announcement = Announcement(LOG)
    announcement.begin(SimpleNamespace(task_id=task_id), xcoms)
    return announcement


async def test_it_is_stored_while_the_task_waits_and_not_again_at_the_end(airflow: Airflow) -> None:
    announcement = announced("a", run_id=11)
    await asyncio.sleep(0.05)
    assert airflow.stored == {"a.run_id": 11}
    announcement.begin(SimpleNamespace(task_id="a"), {"run_id": 12})
    assert await announcement.missing() == {}
    assert airflow.stored == {"a.run_id": 11}


async def test_of_many_one_stores_at_a_time_and_who_ends_before_does_not(airflow: Airflow) -> None:
    many = [announced(f"t{n}", run_id=n) for n in range(10)]
    await asyncio.sleep(0.03)
    assert await many[9].missing() == {"run_id": 9}
    many[8].end()
    await asyncio.sleep(0.15)
    assert airflow.most_at_once == 1
    assert airflow.stored == {f"t{n}.run_id": n for n in range(8)}


@pytest.mark.parametrize("value", ["\u0000", float("nan")])
async def test_what_cannot_be_stored_is_left_to_the_end(airflow: Airflow, value: Any) -> None:
    odd = announced("odd", run_id=value)
    airflow.is_there = False
    refused = announced("refused", run_id=1)
    await asyncio.sleep(0.05)
    assert await odd.missing() == {"run_id": value}
    assert await refused.missing() == {"run_id": 1}
    assert not airflow.stored


async def test_without_a_first_look_nothing_is_missing() -> None:
    announcement = Announcement(LOG)
    announcement.end()
    assert await announcement.missing() == {}
