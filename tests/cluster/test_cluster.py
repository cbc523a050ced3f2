"""Services are started in their order, start again when they die, and are gone at the end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.compose import COMPLETED, HEALTHY, HealthCheck, Service
from tests.cluster.deaths import Plan
from tests.waiting import wait_until

#: Becomes healthy by the file that it makes.
LIVES = "echo $$ >> starts; touch healthy; exec sleep 600"
TEST = ("sh", "-c", "test -f healthy")


def service(name: str, script: str, test: tuple[str, ...] | None = TEST, **more: str) -> Service:
    """Return a service that is a shell script; `more` is what it depends on."""
    return Service(
        name=name,
        image="dbtsegment-sandbox",
        command=("sh", "-c", script),
        environment={},
        health=HealthCheck(test, timeout=5, patience=3, pause=0.05) if test else None,
        depends_on=more,
        restart="unless-stopped" if test else "no",
        volumes=(),
        expose=(),
        ports=(),
    )


def cluster(folder: Path, *services: Service) -> Cluster:
    return Cluster({one.name: one for one in services}, folder, lambda text: None)


def test_a_service_starts_when_those_that_it_needs_are_ready(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = service("first", f"sleep 0.3; {LIVES}")
    once = service("once", "test -f ../first/healthy && touch done", test=None, first=HEALTHY)
    last = service("last", f"test -f ../once/done && {LIVES}", once=COMPLETED)
    with cluster(tmp_path, last, once, first) as started:
        assert started.ailing() == []
        assert (home / "last" / "healthy").exists()


def test_a_service_that_dies_starts_again_and_nothing_outlives_the_end(tmp_path: Path) -> None:
    starts = tmp_path / "home" / "one" / "starts"
    with cluster(tmp_path, service("one", LIVES)) as started:
        started.kill("one")
        wait_until(lambda: len(starts.read_text().split()) == 2)
        wait_until(lambda: not started.ailing())
        assert started.services["one"].starts == 2
    for pid in starts.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert not any(thread.name == "restarts" for thread in threading.enumerate())


def test_the_one_that_has_most_is_killed_once_when_it_is_time(tmp_path: Path) -> None:
    plan = Plan(("one", "other"), at=0.5, held={"one": 3, "other": 5}.__getitem__)
    with cluster(tmp_path, service("one", LIVES), service("other", LIVES)) as started:
        assert plan.carry_out(started, done=0.4, began=0.0) is None
        death = plan.carry_out(started, done=0.5, began=0.0)
        assert death is not None
        assert (death.service, death.held) == ("other", 5)
        wait_until(lambda: started.services["other"].starts == 2)
        assert plan.carry_out(started, done=0.9, began=0.0) is None
        assert started.services["one"].starts == 1


def test_a_service_that_never_gets_well_ends_all_and_says_what_its_check_said(
    tmp_path: Path,
) -> None:
    fine = service("fine", LIVES)
    ill = service("ill", "echo in its log; exec sleep 600", ("sh", "-c", "echo ouch; false"))
    with pytest.raises(TimeoutError, match=r"(?s)ill is not healthy.*ouch.*in its log"):
        cluster(tmp_path, fine, ill).__enter__()
    pid = (tmp_path / "home" / "fine" / "starts").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_one_off_that_fails_ends_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)once failed.*no database"):
        cluster(tmp_path, service("once", "echo no database; exit 3", test=None)).__enter__()


def test_services_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    one, other = service("one", LIVES, other=HEALTHY), service("other", LIVES, one=HEALTHY)
    with pytest.raises(ValueError, match="wait for each other: one, other"):
        cluster(tmp_path, one, other).__enter__()
