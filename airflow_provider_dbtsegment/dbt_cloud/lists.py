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

    :param mask: Keeps the secrets of an answer out of the logs.
    :param limit: So many are wanted; pages that only others need are not fetched.
    :param offset: Where to begin; without it, the first page is as the service likes.
    :raises ShortListError: When entries were left out, or may have been.
    """
    size = PAGE if limit is None else min(limit, PAGE)
    place, following, ahead = offset, range(0), AT_ONCE - 1
    seen, most, given = offset or 0, 0, 0
    known: set[Any] = set()
    fetched: Pages[int | None, Any] = Pages(lambda at, sleep: ask(at, size, sleep))
    with closing(fetched) as pages:
        while True:
            answer, early = pages.read(place, following[:ahead])
            page = _Page.of(answer, where, mask)
            if early and page.total != most:
                # The list has changed since; what was read before may be on this page now.
                ahead = 0
                page = _Page.of(pages.read(place)[0], where, mask)
            rows, total = page.rows, page.total
            if total is not None and total < most:
                message = f"changed while it was read: {most} entries, then {total}; ask again"
                raise ShortListError(message, **where)
            for row in rows:
                entry = shape(row, kind, where)
                # What comes twice was moved to this page by something that came before it.
                if _id_of(row) is None or _id_of(row) not in known:
                    given += 1
                    yield entry
            ids = {_id_of(row) for row in rows}
            if ids and None not in ids and ids <= known:
                message = f"goes round in a circle after {len(known)} entries, without an end"
                raise ShortListError(message, **where)
            known |= ids
            seen, most = seen + len(rows), max(most, total or 0)
            if total is None and (offset is None or len(rows) < size):
                return
            if total is not None and seen >= total:
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
    """What an answer holds: entries, and how many the service promises in all."""

    rows: list[Any]
    total: int | None

    @classmethod
    def of(cls, answer: Any, where: Mapping[str, str], mask: Callable[[Any], None]) -> _Page:
        page = shape(answer, dict[str, Any], where, needs=("data",))
        mask(page["data"])
        extra = page.get("extra")
        pagination = extra.get("pagination") if isinstance(extra, dict) else None
        total = pagination.get("total_count") if isinstance(pagination, dict) else None
        rows = shape(page["data"], list, where)
        return cls(rows, total if isinstance(total, int) else None)


def _id_of(row: Any) -> int | str | None:
    id = row.get("id") if isinstance(row, dict) else None
    return id if isinstance(id, (int, str)) else None
