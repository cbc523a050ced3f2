"""Lists are fetched as far as somebody looks, and never end early in silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_dbtsegment.rest.listing import Listing


class Pages:
    """Ten numbers, counted as they are fetched; the sixth may fail."""

    def __init__(self, broken: bool = False) -> None:
        self.fetched = 0
        self.broken = broken

    def __iter__(self) -> Iterator[int]:
        for number in range(10):
            if self.broken and number == 5:
                raise ConnectionError("gone")
            self.fetched += 1
            yield number


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def listing(pages: Pages) -> Listing[int]:
    return Listing(iter(pages))


def test_nothing_is_fetched_before_somebody_looks(pages: Pages, listing: Listing[int]) -> None:
    assert "0 fetched" in repr(listing)
    assert pages.fetched == 0


def test_asking_whether_it_is_empty_fetches_the_beginning(
    pages: Pages, listing: Listing[int]
) -> None:
    assert listing
    assert pages.fetched == 1
    assert not Listing(iter(()))


def test_iterating_fetches_as_far_as_one_goes(pages: Pages, listing: Listing[int]) -> None:
    for number in listing:
        if number == 3:
            break
    assert pages.fetched == 4
    assert 2 in listing
    assert pages.fetched == 4


def test_an_index_fetches_up_to_it(pages: Pages, listing: Listing[int]) -> None:
    assert (listing[2], listing[1:3]) == (2, [1, 2])
    assert pages.fetched == 3
    assert (listing[-1], listing[-2:], listing[5:]) == (9, [8, 9], [5, 6, 7, 8, 9])
    with pytest.raises(IndexError):
        listing[10]


def test_everything_is_fetched_once(pages: Pages, listing: Listing[int]) -> None:
    assert len(listing) == 10
    assert list(listing) == list(listing) == list(range(10))
    assert pages.fetched == 10


def test_it_equals_a_list_of_the_same_entries(listing: Listing[int]) -> None:
    assert listing == list(range(10))
    assert listing == Listing(iter(range(10)))
    assert listing != [1]
    assert listing != "0123456789"


def test_a_list_that_broke_off_stays_broken() -> None:
    listing = Listing(iter(Pages(broken=True)))
    assert listing[4] == 4
    for _ in range(2):
        with pytest.raises(ConnectionError, match="gone"):
            list(listing)
    assert listing[4] == 4
