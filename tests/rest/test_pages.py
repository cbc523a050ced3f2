"""Pages are fetched a few ahead, and whoever reads them notices nothing but the speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.exceptions import NotFoundError, RateLimitedError
from airflow_provider_dbtsegment.rest.pages import Pages, Sleep

WHERE = {"method": "GET", "url": "http://x"}


class Shelf:
    """Pages by number; notes who asked for which, and may fail for those who ask early."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, bool]] = []
        self.errors: dict[int, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()

    def fetch(self, place: int, sleep: Sleep | None) -> str:
        early = sleep is not None
        self.asked.append((place, early))
        if early:
            assert self.gate.wait(10)
            if place in self.errors:
                raise self.errors[place]
        return f"page {place}"


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def all_ended() -> bool:
    return not [one for one in threading.enumerate() if one.name == "dbtsegment-page"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_those_that_follow_are_fetched_while_one_is_read(shelf: Shelf) -> None:
    together = threading.Barrier(3, timeout=10)

    def fetch(place: int, sleep: Sleep | None) -> int:
        together.wait()
        return place

    pages = Pages(fetch)
    assert pages.read(1, [2, 3]) == (1, False)
    assert [pages.read(2, [3]), pages.read(3)] == [(2, True), (3, True)]


def test_each_page_is_asked_for_once(shelf: Shelf) -> None:
    pages = Pages(shelf.fetch)
    for place in range(6):
        assert pages.read(place, range(place + 1, min(place + 4, 6)))[0] == f"page {place}"
    assert sorted(place for place, _ in shelf.asked) == list(range(6))
    assert shelf.asked.count((0, False)) == 1


def test_an_error_comes_when_it_is_its_turn(shelf: Shelf) -> None:
    shelf.errors[2] = NotFoundError("gone", **WHERE, status=404)
    pages = Pages(shelf.fetch)
    pages.read(0, [1, 2])
    assert pages.read(1, [2]) == ("page 1", True)
    with pytest.raises(NotFoundError):
        pages.read(2)


def test_what_was_refused_to_the_hurried_is_asked_for_again(shelf: Shelf) -> None:
    shelf.errors[1] = RateLimitedError("slower", **WHERE, status=429)
    pages = Pages(shelf.fetch)
    pages.read(0, [1])
    assert pages.read(1) == ("page 1", False)
    assert shelf.asked.count((1, True)) == shelf.asked.count((1, False)) == 1


def test_what_nobody_wants_any_more_is_forgotten(shelf: Shelf) -> None:
    pages = Pages(shelf.fetch)
    pages.read(0, [1, 2])
    pages.read(5, [6])
    assert pages.read(1) == ("page 1", False)
    wait_until(all_ended)


def test_a_reader_who_stops_leaves_nobody_sleeping() -> None:
    slept = threading.Semaphore(0)

    def fetch(place: int, sleep: Sleep | None) -> int:
        if sleep is not None:
            slept.release()
            sleep(3600)
        return place

    pages = Pages(fetch)
    pages.read(0, [1, 2, 3])
    assert all(slept.acquire(timeout=10) for _ in range(3))
    pages.close()
    wait_until(all_ended)


def test_who_stops_does_not_wait_for_what_is_on_the_wire(shelf: Shelf) -> None:
    shelf.gate.clear()
    pages = Pages(shelf.fetch)
    pages.read(0, [1])
    pages.close()
    assert not all_ended()
    shelf.gate.set()
    wait_until(all_ended)


def test_without_threads_the_reader_fetches_all_himself(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    pages = Pages(shelf.fetch)
    assert [pages.read(0, [1]), pages.read(1)] == [("page 0", False), ("page 1", False)]
