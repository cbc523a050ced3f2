"""Lists are fetched as far as somebody looks, and never end early in silence."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import ConfigurationError, DbtSegmentError
from airflow_provider_dbtsegment.rest.listing import Listing, whole_number

try:
    from airflow.sdk.serde import serialize
except ImportError:  # Airflow below 3.2
    from airflow.serialization.serde import serialize


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


def test_a_slice_may_go_backwards(listing: Listing[int]) -> None:
    assert listing[5:0:-1] == [5, 4, 3, 2, 1]
    assert listing[::-1][0] == 9


def test_an_interrupted_list_is_no_shorter_list() -> None:
    def entries() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    listing = Listing(entries())
    with pytest.raises(KeyboardInterrupt):
        list(listing)
    with pytest.raises(DbtSegmentError, match="interrupted"):
        len(listing)


def test_threads_may_share_one(pages: Pages) -> None:
    def slowly() -> Iterator[int]:
        for number in pages:
            barrier.wait(0.05) if number == 0 else None
            yield number

    barrier = threading.Event()
    listing = Listing(slowly())
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda _: list(listing), range(4)))
    assert read == [list(range(10))] * 4
    assert pages.fetched == 10


def test_a_copy_is_a_list(listing: Listing[int]) -> None:
    assert pickle.loads(pickle.dumps(listing)) == list(range(10))  # noqa: S301
    assert type(copy.deepcopy(listing)) is list


def test_an_xcom_says_what_to_return(listing: Listing[int]) -> None:
    with pytest.raises(TypeError, match="return list"):
        serialize(listing)


@pytest.mark.parametrize("value", [-1, "5", 1.5, True])
def test_a_limit_must_be_a_whole_number(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"limit is .* whole number from 0 on"):
        whole_number(value, "limit")
