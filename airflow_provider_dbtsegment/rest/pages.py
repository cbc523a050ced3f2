"""Pages of a list that are fetched a few ahead of whoever reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from typing import Generic, TypeVar

from airflow_provider_dbtsegment.exceptions import RateLimitedError

K = TypeVar("K", bound=Hashable)
P = TypeVar("P")

#: Seconds after which a sleeping thread notices that nobody wants its page any more.
NAP = 0.25

#: How to wait; `None` is the usual way.
Sleep = Callable[[float], None]


class Pages(Generic[K, P]):
    """
    Fetch the page that somebody wants to read, and those that he will want next in threads.

    A page that failed raises when it is its turn. One that was refused because there were too many
    requests is asked for again then: a reader who never hurries might have got it.

    :param fetch: Returns the page at a place; anything between its requests that waits is to wait
        as it is told. It is called from several threads.
    """

    def __init__(self, fetch: Callable[[K, Sleep | None], P]) -> None:
        self._fetch = fetch
        self._under_way: dict[K, _Page[K, P]] = {}

    def read(self, place: K, following: Iterable[K] = ()) -> tuple[P, bool]:
        """
        Return the page at a place, and whether it had been asked for before.

        :param following: The places of the pages to fetch meanwhile; no others are fetched on.
        """
        page = self._under_way.pop(place, None)
        before, self._under_way = self._under_way, {}
        for one in following:
            self._under_way[one] = before.pop(one) if one in before else _Page(self._fetch, one)
        _forget(before.values())
        if page is not None and page.is_there():
            return page.content(), True
        return self._fetch(place, None), False

    def close(self) -> None:
        """Want nothing any more; what is on the wire is not waited for."""
        _forget(self._under_way.values())
        self._under_way = {}


def _forget(pages: Iterable[_Page[K, P]]) -> None:
    # No lock is taken: a list may be thrown away in the midst of anything.
    for page in pages:
        page.wanted = False


class _NotWantedError(Exception):
    """Nobody wants the page any more."""


class _Page(Generic[K, P]):
    """A page, and the thread that fetches it. A daemon: a process that ends waits for none."""

    def __init__(self, fetch: Callable[[K, Sleep | None], P], place: K) -> None:
        self.wanted = True
        self._fetch = fetch
        self._place = place
        self._content: list[P] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="dbtsegment-page", daemon=True)
        # Where no thread can be started, the reader fetches the page himself.
        with suppress(RuntimeError):
            self._thread.start()

    def is_there(self) -> bool:
        """Wait for the page; return whether it, or why there is none, has come."""
        if self._thread.ident is not None:
            self._thread.join()
        refused = isinstance(self._error, RateLimitedError)
        return bool(self._content) or (self._error is not None and not refused)

    def content(self) -> P:
        """Return the page that is there, or raise why there is none."""
        if self._error is not None:
            raise self._error
        return self._content[0]

    def _work(self) -> None:
        try:
            self._content.append(self._fetch(self._place, self._sleep))
        except _NotWantedError:
            pass
        except Exception as error:
            self._error = error

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self.wanted:
                raise _NotWantedError
            time.sleep(min(left, NAP))
