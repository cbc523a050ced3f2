"""Lists of dbt Cloud: read to their end, many pages a few at a time, and none is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow_provider_dbtsegment.exceptions import ShortListError
from airflow_provider_dbtsegment.rest.answers import shape
from airflow_provider_dbtsegment.rest.pages import Pages, Sleep

T = TypeVar("T")

#: dbt Cloud returns at most so many entries at once.
PAGE = 100
#: So many pages of a list are fetched at a time,
AT_ONCE = 4
#: unless no more than so many are left after the first one.
FEW = 2

#: Returns the answer with the page at an offset, or the first one as the service likes it; the
#: number is how many entries it may have.
Ask = Callable[[int | None, int, Sleep | None], Any]


def entries(
    ask: Ask,
    kind: type[T],
    where: Mapping[str, str],
    mask: Callable[[Any], None],
    *,
    limit: int | None,
    offset: int | None,
) -> Iterator[T]:
    """
    Yield the entries of a list; pages are fetched as far as somebody reads, and a few ahead.

    The end is a page that is not full, or brings nothing new: the total that the service promises
    may be too low. So a list that ends with a full page takes one request more, unless a limit
    ends it.

    :param mask: Keeps the secrets of an answer out of the logs.
    :param limit: So many are wanted; pages that only others need are not fetched.
    :param offset: Where to begin; without it, the first page is as the service likes.
    :raises ShortListError: When entries were left out, or may have been.
    """
    size = PAGE if limit is None else min(limit, PAGE)
    place, following, ahead = offset, range(0), AT_ONCE - 1
    seen, most, given = offset or 0, 0, 0
    known: set[Any] = set()
    rows: list[Any] = []
    fetched: Pages[int | None, Any] = Pages(lambda at, sleep: ask(at, size, sleep))
    with closing(fetched) as pages:
        while True:
            answer, early = pages.read(place, following[:ahead])
            page = _Page.of(answer, where, mask)
            if early and page.total != most:
                # The list has changed since; what was read before may be on this page now.
                ahead = 0
                page = _Page.of(pages.read(place)[0], where, mask)
            before, rows, total = rows, page.rows, page.total
            if total is not None and total < most:
                message = f"changed while it was read: {most} entries, then {total}; ask again"
                raise ShortListError(message, **where)
            ids = {_id_of(row) for row in rows}
            has_ids, is_whole = None not in ids, total is not None and seen >= most
            # Entries without ids cannot be told from each other, but a page can.
            is_known = ids <= known if has_ids else is_whole and rows == before
            if rows and is_known and is_whole:
                return
            for row in rows:
                entry = shape(row, kind, where)
                # What comes twice was moved to this page by something that came before it.
                if _id_of(row) is None or _id_of(row) not in known:
                    given += 1
                    yield entry
            if rows and is_known:
                message = f"goes round in a circle after {len(known)} entries, without an end"
                raise ShortListError(message, **where)
            known |= ids
            seen, most = seen + len(rows), max(most, total or 0)
            is_full = place is not None and len(rows) >= min(size, page.limit or size)
            if not is_full and (total is None or seen >= total):
                return
            if not rows:
                message = f"promised {total} entries and left out {most - seen}; ask again"
                raise ShortListError(message, **where)
            # Those that follow are expected where pages as long as this one begin.
            end = most if limit is None else min(most, seen + limit - given)
            left = range(seen, end, len(rows))
            following = left[1:] if following or len(left) > FEW else range(0)
            place, ahead = seen, min(ahead + 1, AT_ONCE - 1)


@dataclass(frozen=True)
class _Page:
    """
    What an answer holds.

    :ivar rows: The entries.
    :ivar total: How many the service promises in all.
    :ivar limit: How many it has been willing to return at once.
    """

    rows: list[Any]
    total: int | None
    limit: int | None

    @classmethod
    def of(cls, answer: Any, where: Mapping[str, str], mask: Callable[[Any], None]) -> _Page:
        page = shape(answer, dict[str, Any], where, needs=("data",))
        mask(page["data"])
        rows = shape(page["data"], list, where)
        total = _number_in(page, "pagination", "total_count")
        return cls(rows, total, _number_in(page, "filters", "limit"))


def _number_in(page: dict[str, Any], part: str, name: str) -> int | None:
    extra = page.get("extra")
    numbers = extra.get(part) if isinstance(extra, dict) else None
    number = numbers.get(name) if isinstance(numbers, dict) else None
    return number if type(number) is int else None


def _id_of(row: Any) -> int | str | None:
    id = row.get("id") if isinstance(row, dict) else None
    return id if isinstance(id, (int, str)) else None
