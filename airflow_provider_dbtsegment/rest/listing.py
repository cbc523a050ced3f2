"""Lists that are fetched while somebody looks at them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, overload

from airflow_provider_dbtsegment.exceptions import ConfigurationError, DbtSegmentError

T = TypeVar("T")


class Listing(Sequence[T]):
    """
    The entries of a list, fetched page by page as they are looked at, and each page once.

    It reads like any sequence. Iterating fetches as far as one goes, asking whether it is empty
    fetches the first page, ``len()`` and comparing fetch everything. An XCom wants a `list` of it.
    Threads may share one.

    :param entries: What fetches them. It is first asked when somebody looks, and so are its errors
        raised then.
    """

    def __init__(self, entries: Iterator[T]) -> None:
        self._coming = entries
        self._fetched: list[T] = []
        self._problem: Exception | None = None
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[T]:
        at = 0
        while self._fetch(at + 1):
            yield self._fetched[at]
            at += 1

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        ends = [index.start, index.stop] if isinstance(index, slice) else [index]
        backwards = isinstance(index, slice) and (index.step or 1) < 0
        if backwards or ends[-1] is None or any(end is not None and end < 0 for end in ends):
            self._fetch(None)
        else:
            self._fetch(ends[-1] + (not isinstance(index, slice)))
        return self._fetched[index]

    def __len__(self) -> int:
        self._fetch(None)
        return len(self._fetched)

    def __bool__(self) -> bool:
        return self._fetch(1)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple, Listing)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def serialize(self) -> Any:
        """Tell Airflow's XCom what to do instead; it would not give the same class back."""
        raise TypeError("An XCom wants a list: return list(…) of what the hook has listed.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._fetched)} fetched so far>"

    def _fetch(self, count: int | None) -> bool:
        """Fetch up to so many entries (without a number: all); say whether they are there."""
        with self._lock:
            wanted = None if count is None else max(0, count - len(self._fetched))
            if wanted == 0:
                return True
            if self._problem is not None:
                raise self._problem  # what has been fetched is not the list
            try:
                self._fetched.extend(islice(self._coming, wanted))
            except Exception as error:
                self._problem = error
                raise
            except BaseException:
                message = "Reading the list was interrupted; ask for it again."
                self._problem = DbtSegmentError(message)
                raise
            return count is None or len(self._fetched) >= count


def whole_number(value: int | None, name: str, least: int = 0) -> int | None:
    """
    Return an argument that must be a whole number, or nothing.

    :raises ConfigurationError: When it is something else, or too small.
    """
    if value is None or (type(value) is int and value >= least):
        return value
    raise ConfigurationError(f"{name} is {value!r}; it must be a whole number from {least} on.")
