"""Where the states come from of what is waited for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")


class Source(ABC, Generic[K, S]):
    """
    Where the states come from.

    What begins with ``ask`` sends one request and is called in threads. A service can tell of one
    thing at least. What else it can do makes waiting cheaper; a request that it refuses is not
    sent again for a while.
    """

    #: The service, for metrics.
    service = "service"
    #: How many keys one request takes at once; 1 means that there is no asking for many.
    batch_size = 1
    #: Whether it tells what has ended, of many and of all.
    tells_ends = False
    #: Whether a request of its own tells how far one is; otherwise states tell, or nothing does.
    asks_progress = False
    #: Whom it asks; closed with it.
    api: Any = None

    @abstractmethod
    def ask_one(self, key: K) -> S:
        """Return the state of one."""

    def ask_many(self, keys: Sequence[K]) -> Mapping[K, S]:
        """Return the states of many; a key that is left out is asked for alone."""
        raise NotImplementedError

    def ask_ended(self, keys: Sequence[K]) -> Mapping[K, S]:
        """Return the states of those that have ended; a key that is left out goes on."""
        raise NotImplementedError

    def ask_feed(self, since: float, until: float | None, page: int) -> tuple[Mapping[K, S], bool]:
        """
        Return what has ended between two times, waited for or not, and whether there is more.

        :param since: Seconds since the epoch, by the service's clock.
        :param until: Likewise; by default now, and a little later.
        :param page: From 0 on; the newest ends come first.
        """
        raise NotImplementedError

    def progress(self, key: K, state: S | None) -> str | None:
        """
        Return in words how far one is, if that is known.

        :param state: The last state, where it is known; one that asks does not need it.
        """
        return None

    def server_time(self) -> float | None:
        """Return the seconds since the epoch by the service's clock, if it has told them."""
        return None

    def age(self, state: S) -> float | None:
        """Return for how many seconds it has been going on, if the state tells."""
        return None

    def group(self, key: K) -> Hashable:
        """Return what keys share that can be asked for at once."""
        return None

    def urgency(self, key: K, began: float, looked: float | None, now: float) -> float | None:
        """
        Return how much is probably gained by looking now, to compare it with others.

        `None` means that nothing is known: then who has waited longest goes first.

        :param began: When it began, or the waiting for it; like the others, by a monotonic clock.
        :param looked: When it was polled last, if it was.
        """
        return None

    @property
    def renewed_at(self) -> float:
        """When the token was replaced last, by the monotonic clock."""
        return -math.inf if self.api is None else float(self.api.renewed_at)

    def renew(self) -> bool:
        """
        Read the token again where it comes from, and return whether it has changed.

        :raises ConnectionMovedError: When it is now for another service or account.
        """
        return self.api is not None and bool(self.api.renew())

    def free_in(self) -> float:
        """Return the seconds until the next request may be sent."""
        return 0.0

    @abstractmethod
    def ended(self, state: S) -> bool:
        """Return whether a state is the last one."""

    def ended_at(self, state: S) -> float | None:
        """Return when it ended by the service's clock, in seconds since the epoch, if it tells."""
        return None

    @abstractmethod
    def label(self, state: S) -> str:
        """Return the word for a state that a person sees."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""
