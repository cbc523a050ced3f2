"""Lists of many pages are fetched a few pages at a time; all else is as if it were one by one."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import lists
from airflow_provider_dbtsegment.exceptions import AuthError, RateLimitedError, ShortListError
from tests.dbt_cloud.long_list import LongList, api_of, listed
from tests.scripted_server import Reply, serving


def ids(runs: Any) -> list[int]:
    return [run["id"] for run in runs]


def read_until(error: type[Exception], match: str, runs: Any) -> list[int]:
    """Return what can be read before an error comes."""
    read: list[int] = []
    with pytest.raises(error, match=match):
        read.extend(run["id"] for run in runs)
    return read


def page_threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "dbtsegment-page"]


def wait_for_no_threads() -> None:
    deadline = time.monotonic() + 10
    while page_threads():
        assert time.monotonic() < deadline, page_threads()
        time.sleep(0.01)


def test_a_long_list_comes_in_order_a_few_pages_at_a_time() -> None:
    with listed(1950, latency=0.02) as (server, api):
        assert ids(api.list_runs()) == list(range(1950))
        assert sorted(server.asked) == list(range(0, 1950, 100))
        assert 1 < server.most_at_once <= lists.AT_ONCE
        assert server.connections <= lists.AT_ONCE
    wait_for_no_threads()


def test_many_pages_take_less_than_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = {}
    for at_once in (lists.AT_ONCE, 1):
        monkeypatch.setattr(lists, "AT_ONCE", at_once)
        with listed(2000, latency=0.05) as (_, api):
            began = time.monotonic()
            assert len(api.list_runs()) == 2000
            seconds[at_once] = time.monotonic() - began
    assert seconds[4] < 0.6 * seconds[1]


def test_nothing_is_fetched_ahead_before_the_second_page_is_wanted() -> None:
    with listed(2000) as (server, api):
        runs = api.list_runs()
        assert ids(islice(runs, 100)) == list(range(100))
        assert not page_threads()
        assert server.asked == [0]
        assert runs[100]["id"] == 100
        wait_for_no_threads()
        assert sorted(server.asked) == [0, 100, 200, 300, 400]
        assert runs[199]["id"] == 199
        wait_for_no_threads()
        assert sorted(server.asked) == [0, 100, 200, 300, 400]
        assert runs[200]["id"] == 200
        wait_for_no_threads()
        assert sorted(server.asked) == [0, 100, 200, 300, 400, 500]


def test_a_list_of_a_few_pages_is_fetched_one_by_one() -> None:
    with listed(299, latency=0.02) as (server, api):
        assert len(api.list_runs()) == 299
        assert (server.asked, server.most_at_once) == ([0, 100, 200], 1)


@pytest.mark.parametrize(
    ("offset", "limit", "asked"),
    [
        (None, 450, [0, 100, 200, 300, 400]),
        (50, 400, [50, 150, 250, 350]),
        (1450, 10_000, [1450, 1550, 1650, 1750, 1850, 1950]),
        (None, 250, [0, 100, 200]),
        (3000, None, [3000]),
    ],
)
def test_no_page_is_fetched_that_the_limit_does_not_need(
    offset: int | None, limit: int | None, asked: list[int]
) -> None:
    with listed(2000) as (server, api):
        begin = offset or 0
        runs = ids(api.list_runs(offset=offset, limit=limit))
        assert runs == list(range(2000))[begin : None if limit is None else begin + limit]
        wait_for_no_threads()
        assert sorted(server.asked) == asked


def test_an_error_comes_after_all_that_stands_before_it() -> None:
    with listed(1500, latency=0.01) as (server, api):
        server.instead[600] = [Reply(403, '{"status": {"user_message": "not yours"}}')]
        assert read_until(AuthError, "not yours", api.list_runs()) == list(range(600))
        wait_for_no_threads()


def test_what_is_refused_to_those_who_hurry_is_asked_for_again() -> None:
    with listed(1200, latency=0.01) as (server, api):
        for offset in (300, 400, 800):
            server.instead[offset] = [Reply(429)]
        assert ids(api.list_runs()) == list(range(1200))
        assert {one: server.asked.count(one) for one in (200, 300, 400, 800)} == {
            200: 1,
            300: 2,
            400: 2,
            800: 2,
        }


def test_the_budget_holds_for_what_is_fetched_ahead() -> None:
    with (
        serving(LongList(2000)) as server,
        api_of(server, requests_per_minute=8, max_retry_wait=0.01) as api,
    ):
        read = read_until(RateLimitedError, "not sent", api.list_runs())
        wait_for_no_threads()
        assert read == list(range(len(read)))
        assert 1 <= len(read) // 100 <= len(server.asked) <= 8


def test_who_stops_reading_leaves_no_thread_behind() -> None:
    with serving(LongList(2000)) as server, api_of(server, max_attempts=5) as api:
        # Refused only after the reader has sent his own request, which would wait, too.
        for offset in (200, 300, 400):
            server.instead[offset] = [Reply(429, headers={"Retry-After": "100"}, delay=0.5)]
        runs = iter(api.list_runs())
        assert ids(islice(runs, 101)) == list(range(101))
        del runs
        wait_for_no_threads()
        assert server.asked.count(300) <= 1


def test_a_process_that_ends_waits_for_no_page() -> None:
    code = (
        "from types import SimpleNamespace\n"
        "from tests.dbt_cloud.long_list import api_of\n"
        "import sys\n"
        "with api_of(SimpleNamespace(url=sys.argv[1])) as api:\n"
        "    runs = api.list_runs()\n"
        "    print(runs[100]['id'])\n"
    )
    with serving(LongList(2000)) as server:
        for offset in (200, 300, 400):
            server.instead[offset] = [Reply(delay=40)]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, timeout=30
        )
        assert (done.stdout, done.stderr, done.returncode) == ("100\n", "", 0)
        assert {200, 300, 400} <= set(server.asked)
        assert time.monotonic() - began < 30


def test_threads_may_share_a_long_list() -> None:
    with listed(1499, latency=0.01) as (server, api), ThreadPoolExecutor(6) as threads:
        runs = api.list_runs()
        read = list(threads.map(lambda _: ids(runs), range(6)))
        assert read == [list(range(1499))] * 6
        assert sorted(server.asked) == list(range(0, 1499, 100))
        assert server.most_at_once <= lists.AT_ONCE


@pytest.mark.parametrize("seed", range(5))
def test_a_list_that_grows_while_it_is_read_lacks_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311

    def grow(server: LongList) -> None:
        if chance.random() < 0.3:
            server.ids.insert(0, -len(server.ids))

    with listed(2000, latency=0.005) as (server, api):
        server.before_answer = grow
        read = ids(api.list_runs())
        assert [one for one in read if one >= 0] == list(range(2000))
        assert len(server.ids) > 2000
        # However often it changes, there are not many times as many requests.
        assert len(server.asked) <= 3 * 21


def test_a_list_that_shrinks_while_it_is_read_is_an_error() -> None:
    def shrink(server: LongList) -> None:
        if len(server.asked) == 8:
            server.ids.pop(0)

    with listed(2000, latency=0.005) as (server, api):
        server.before_answer = shrink
        with pytest.raises(ShortListError, match="2000 entries, then 1999; ask again"):
            list(api.list_runs())


def test_pages_may_be_shorter_than_they_were_asked_for() -> None:
    with listed(1000, cap=40, latency=0.005) as (server, api):
        assert ids(api.list_runs()) == list(range(1000))
        assert sorted(server.asked) == list(range(0, 1000, 40))
        assert server.most_at_once > 1


def test_a_page_that_is_not_where_the_one_before_it_ended_is_not_used() -> None:
    def shorten(server: LongList) -> None:
        server.cap = 60 if server.asked[-1] == 200 else 100

    with listed(1500, latency=0.005) as (server, api):
        server.before_answer = shorten
        assert ids(api.list_runs()) == list(range(1500))
        assert 260 in server.asked
