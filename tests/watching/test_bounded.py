"""What a watcher keeps does not grow with what it has waited for before."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import AuthError, DbtSegmentError
from airflow_provider_dbtsegment.patience import Patience
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from airflow_provider_dbtsegment.watch import Watcher
from airflow_provider_dbtsegment.watching import forecast
from tests.histories.loop import Loop
from tests.watched_source import of_service
from tests.watching.fleet import WHERE, Fleet, new_world
from tests.watching.workspace import Workspace

ROUNDS = 4
EACH = 300
LASTS = 100.0
ROUND = 400.0


def sizes(thing: Any, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, int]]:
    """Yield the size of everything that grows in objects of the package, by where it is."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, (dict, list, set, deque, Counter)):
        yield path, len(thing)
        for value in list(thing.values() if isinstance(thing, dict) else thing):
            yield from sizes(value, f"{path}[]", seen)
    elif type(thing).__module__.startswith("airflow_provider_dbtsegment"):
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in sorted({*getattr(thing, "__dict__", {}), *slots} - {"api", "world"}):
            yield from sizes(getattr(thing, name, None), f"{path}.{name}", seen)


def grown(world: Any, source: Any, keys: list[list[Any]]) -> dict[str, list[int]]:
    """Wait for some after others, and return the sizes after each round, by place."""
    found: dict[str, list[int]] = {}

    async def one(watcher: Watcher[Any, Any], key: Any) -> None:
        with suppress(DbtSegmentError):
            await watcher.wait(
                key,
                interval=10.0,
                patience=Patience(world.clock() + 1e6, world.clock()),
                on_change=lambda label, _: None,
            )

    async def all_of_them() -> None:
        watcher = Watcher(source, clock=world.clock)
        with watcher:
            for number, some in enumerate(keys):
                world.advance(max(world.now, began + number * ROUND))
                waits = [asyncio.ensure_future(one(watcher, key)) for key in some]
                # Some are cancelled while they are asked for.
                asyncio.get_running_loop().call_later(15, lambda waits=waits: waits[0].cancel())
                await asyncio.gather(*waits, return_exceptions=True)
                await asyncio.sleep(30)
                total: Counter[str] = Counter()
                for path, size in sizes(watcher):
                    total[path] += size
                for path, size in total.items():
                    found.setdefault(path, [0] * number).append(size)

    began = world.now
    Loop(world).run(all_of_them())
    return found


def check(found: dict[str, list[int]], looked_into: str) -> None:
    assert any(path.endswith(looked_into) for path in found), found
    for path, counts in found.items():
        assert counts[-1] <= counts[0] + EACH / 10, f"{path} grows: {counts}"


@pytest.mark.parametrize("odd", [False, True], ids=["all are listed", "some are refused"])
def test_what_is_known_of_runs_is_forgotten_with_them(odd: bool) -> None:
    world = new_world()
    keys = [list(range(n * EACH, (n + 1) * EACH)) for n in range(1, ROUNDS + 1)]
    ends = {
        key: world.now + n * ROUND + LASTS + key % EACH / 10
        for n, some in enumerate(keys)
        for key in some
    }
    fleet = Fleet(world, ends)
    fleet.odd = {key for some in keys for key in some[-50:]} if odd else set()
    check(grown(world, fleet, keys), "._odd")


class Refusing(Workspace):
    """A workspace whose syncs cannot be listed."""

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, *_: Any, **__: Any
    ) -> Any:
        self._read()
        raise of_service(AuthError("no", **WHERE, status=403))


@pytest.mark.parametrize("kind", [Workspace, Refusing])
@pytest.mark.parametrize("known", [True, False], ids=["with mappings", "without"])
def test_what_is_known_of_syncs_is_forgotten_with_them(
    kind: type[Workspace], known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Durations are remembered, of so many mappings.
    monkeypatch.setattr(forecast, "KINDS", 50)
    world = new_world()
    workspace = kind(
        world, ROUNDS * EACH, ROUNDS * EACH // 2, budget=Budget(1e6, clock=world.clock)
    )
    every = [key if known else key[:2] for key in workspace.keys]
    keys = [every[n * EACH : (n + 1) * EACH] for n in range(ROUNDS)]
    for n, some in enumerate(keys):
        for key in some:
            workspace.ends[key[1]] = world.now + n * ROUND + LASTS
    source = SyncSource(workspace)  # type: ignore[arg-type]
    check(grown(world, source, keys), "._kinds")
