"""Lists that are fetched while somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar, overload

T = TypeVar("T")


class Listing(Sequence[T]):
    """
    The entries of a list, fetched a page at a time as they are looked at, and each page once.

    It reads like any sequence. Iterating fetches as far as one goes, asking whether it is empty
    fetches the first page, ``len()`` and comparing fetch everything. An XCom wants a `list` of it.

    :param entries: What fetches them. It is first asked when somebody looks, and so are its errors
        raised then.
    """

    def __init__(self, entries: Iterator[T]) -> None:
        self._coming = entries
        self._fetched: list[T] = []
        self._problem: Exception | None = None

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
        if ends[-1] is None or any(end is not None and end < 0 for end in ends):
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._fetched)} fetched so far>"

    def _fetch(self, count: int | None) -> bool:
        """Fetch up to so many entries (without a number: all); say whether they are there."""
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
        return count is None or len(self._fetched) >= count
