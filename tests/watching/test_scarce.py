"""Where few requests may be sent, they go where an end is most likely, and nobody is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

import pytest

from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.segment.sync_source import SyncSource
from airflow_provider_dbtsegment.watching import forecast
from airflow_provider_dbtsegment.watching.forecast import Durations, Forecast
from tests.watching.fleet import new_world, wait_for_all
from tests.watching.workspace import LIMIT, RoundRobin, Workspace


def follow(kind: type[SyncSource], syncs: int, mappings: int) -> tuple[list[float], Workspace]:
    """Let everybody wait, and return how late each has heard."""
    world = new_world()
    workspace = Workspace(world, syncs, mappings, budget=Budget(LIMIT, clock=world.clock))
    source = kind(workspace)  # type: ignore[arg-type]
    heard = wait_for_all(source, world, workspace.keys, interval=30.0)
    late = [at - workspace.ends[key[1]] for key, at in heard.items()]
    assert len(late) == syncs
    assert min(late) >= 0
    return late, workspace


@pytest.mark.parametrize(
    ("syncs", "mappings", "ratio"),
    # Where each sync has a mapping of its own, what is learnt comes too late for the short ones.
    [(600, 300, 0.5), (600, 40, 0.5), (600, 600, 0.9)],
)
def test_ends_are_heard_sooner_than_by_asking_in_turn(
    syncs: int, mappings: int, ratio: float, tell: Callable[[str], None]
) -> None:
    late, workspace = follow(SyncSource, syncs, mappings)
    in_turn, _ = follow(RoundRobin, syncs, mappings)
    tell(
        f"{syncs} syncs of {mappings} mappings, {LIMIT} reads a minute: heard {mean(late):.0f} s "
        f"late (the last of a hundred {sorted(late)[-len(late) // 100]:.0f} s); in turn "
        f"{mean(in_turn):.0f} s ({sorted(in_turn)[-len(in_turn) // 100]:.0f} s)"
    )
    assert not workspace.refused
    assert mean(late) < mean(in_turn) * ratio


def test_few_syncs_are_asked_for_at_their_own_pace() -> None:
    late, workspace = follow(SyncSource, 40, 40)
    assert max(late) <= 30 * 1.2 + 2
    assert not workspace.refused


def test_one_that_fails_early_is_not_forgotten() -> None:
    world = new_world()
    workspace = Workspace(world, 800, 800, budget=Budget(LIMIT, clock=world.clock))
    workspace.ends["s7"] = world.now + 20
    source = SyncSource(workspace)  # type: ignore[arg-type]
    heard = wait_for_all(source, world, workspace.keys, interval=30.0)
    at = next(at for key, at in heard.items() if key[1] == "s7")
    # Six rounds of all, at most; it is far sooner.
    assert at - workspace.ends["s7"] < 6 * 800 / LIMIT * 60


def test_syncs_of_one_mapping_share_a_listing() -> None:
    _, workspace = follow(SyncSource, 20, 2)
    alone, in_turn = follow(RoundRobin, 20, 2)
    assert len(workspace.reads) < len(in_turn.reads) / 3
    assert alone


def test_what_usually_takes_long_is_not_looked_at_soon() -> None:
    durations = Durations()
    for seconds in (590, 600, 605, 610):
        durations.add(seconds)
    assert durations.gain(0, 300) < durations.gain(560, 620)
    assert durations.gain(620, 700) > durations.gain(300, 380)
    assert durations.gain(10_000, 10_060) > 0


def test_only_so_many_mappings_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "KINDS", 3)
    known = Forecast()
    for kind in ("a", "b", "c", "a", "d"):
        known.learn(kind, [60.0])
    assert [kind for kind in "abcd" if known.knows(kind)] == ["a", "c", "d"]
    assert known.of("b").is_known  # like all together
