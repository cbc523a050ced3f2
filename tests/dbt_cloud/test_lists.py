"""Lists of dbt Cloud: filters, pages, and that none is short."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.types import outcome
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    ShortListError,
)
from airflow_provider_dbtsegment.outcomes import Outcome
from tests.dbt_cloud.replies import page, queries
from tests.scripted_server import Reply, ScriptedServer


def test_a_list_is_read_to_its_end(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), page(200, 250, 250))
    assert [run["id"] for run in api.list_runs()] == list(range(250))
    assert [query["offset"] for query in queries(server)] == ["0", "100", "200"]


def test_a_limit_stops_early(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), Reply(500))
    assert len(api.list_runs(limit=150)) == 150
    server.script(page(0, 3, 250), Reply(500))
    assert len(api.list_runs(limit=3)) == 3
    assert queries(server) == [{"limit": "3", "offset": "0"}]


def test_filters_are_written_as_dbt_cloud_reads_them(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 0, 0))
    runs = api.list_runs(
        status=["queued", 3], run_ids=[11, 12], project_id=[1, 2], include_related=["trigger"]
    )
    assert not runs
    (query,) = queries(server)
    assert query["status__in"] == "[1,3]"
    assert query["pk__in"] == "[11,12]"
    assert query["project_id__in"] == "[1,2]"
    assert query["include_related"] == "trigger"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"status": 1}, None),
        ({"status": 2}, None),
        ({"status": 3}, None),
        ({"status": 10}, Outcome.SUCCESS),
        ({"status": 20}, Outcome.FAILED),
        ({"status": 30}, Outcome.CANCELLED),
        ({"status": 11}, None),
        ({"status": 11, "is_complete": True}, Outcome.FAILED),
        ({"status": 11, "finished_at": "2026-01-01"}, Outcome.FAILED),
        ({"status": None}, None),
        ({"status": "10"}, None),
        ({}, None),
    ],
)
def test_only_a_listed_status_is_a_success(run: Any, expected: Outcome | None) -> None:
    assert outcome(run) is expected


def test_a_list_that_is_shorter_than_promised_is_an_error(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 250), page(0, 0, 250))
    runs = api.list_runs()
    assert runs[99]["id"] == 99
    with pytest.raises(ShortListError, match="promised 250 entries and left out 150"):
        len(runs)
    assert runs[99]["id"] == 99


def test_pages_are_fetched_while_one_iterates(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 100, 250), page(100, 200, 250), Reply(500))
    for run in api.list_runs():
        if run["id"] == 150:
            break
    assert [query["offset"] for query in queries(server)] == ["0", "100"]


def test_a_list_that_is_not_documented_to_have_pages_is_read_to_its_end_too(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 130), page(100, 130, 130))
    assert len(api.list_service_tokens()) == 130
    assert queries(server) == [{}, {"limit": "100", "offset": "100"}]
    server.script(Reply(body='{"data": [{"id": 1}, {"id": 2}]}'))
    assert [one["id"] for one in api.list_service_tokens(limit=1)] == [1]


def test_the_bulk_answer_of_a_wait_may_leave_runs_out(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    runs = [{"id": 7, "status": 3}, {"id": 8}]
    some = {"data": runs, "extra": {"pagination": {"total_count": 3}}}
    server.script(Reply(body=json.dumps(some)), page(0, 0, 3))
    assert list(RunSource(api).ask_many([7, 8, 9])) == [7]


def test_a_list_that_shrinks_while_it_is_read_is_an_error(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 150), page(105, 150, 145))
    with pytest.raises(ShortListError, match="150 entries, then 145; ask again"):
        list(api.list_runs())


def test_what_is_listed_twice_as_the_list_grows_comes_once(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, 100, 150), page(98, 152, 152))
    assert [run["id"] for run in api.list_runs()] == list(range(152))


@pytest.mark.parametrize(
    "extra", ['"x"', '{"pagination": 5}', '{"pagination": {"total_count": "1"}}']
)
def test_an_odd_total_is_none(extra: str, api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(Reply(body=f'{{"data": [{{"id": 1}}], "extra": {extra}}}'))
    assert [run["id"] for run in api.list_runs()] == [1]


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"limit": "5"}, {"offset": -1}, {"offset": 1.5}])
def test_a_wrong_limit_or_offset_is_not_sent(
    wrong: dict[str, Any], api: DbtCloudApi, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError, match="whole number"):
        api.list_runs(**wrong)
    assert server.received == []


def test_filters_may_be_texts_ranges_and_times(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(page(0, 0, 0))
    day = datetime(2026, 11, 21, tzinfo=timezone.utc)
    assert not api.list_runs(
        run_ids=range(1, 3),
        include_related="trigger",
        created_at=(day, day),  # type: ignore[arg-type]
    )
    assert not api.list_jobs(dbt_version="latest")
    assert not api.list_environments("10")  # type: ignore[arg-type]
    runs, jobs, _ = queries(server)
    assert (runs["pk__in"], runs["include_related"]) == ("[1,2]", "trigger")
    assert json.loads(runs["created_at__range"]) == [day.isoformat()] * 2
    assert jobs["dbt_version__in"] == '["latest"]'
    assert "/projects/10/environments/" in server.received[2].path


@pytest.mark.parametrize(
    ("length", "total", "offsets"),
    [
        (250, 100, [0, 100, 200]),  # the length of the page, as some services count
        (250, 0, [0, 100, 200]),
        (250, 99, [0, 100, 200]),
        (250, 200, [0, 100, 200]),
        (1250, 300, range(0, 1300, 100)),
        (200, 100, [0, 100, 200]),
        (100, 100, [0, 100]),  # nothing says that this is the end
        (99, 99, [0]),
        (99, 1, [0]),
        (0, 0, [0]),
    ],
)
def test_a_total_that_is_too_low_cuts_no_list(
    length: int, total: int, offsets: Any, api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(*(page(at, min(at + 100, length), total) for at in offsets), Reply(500))
    assert [run["id"] for run in api.list_runs()] == list(range(length))
    assert [int(query["offset"]) for query in queries(server)] == [*offsets]


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_a_limit_that_is_reached_costs_no_second_request(
    limit: int, api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(page(0, limit, limit), Reply(500))
    assert len(list(api.list_runs(limit=limit))) == limit
    assert len(server.received) == 1


def test_a_page_is_full_if_the_service_returns_no_more_at_once(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    pages = [range(40), range(40, 80), range(80, 90)]
    extra = {"pagination": {"total_count": 40}, "filters": {"limit": 40}}
    server.script(
        *(
            Reply(body=json.dumps({"data": [{"id": id} for id in ids], "extra": extra}))
            for ids in pages
        ),
        Reply(500),
    )
    assert [run["id"] for run in api.list_runs()] == list(range(90))


@pytest.mark.parametrize("row", [{"id": 1}, {"name": "without an id"}])
def test_a_service_that_heeds_no_offset_ends_a_list_of_which_all_has_come(
    row: dict[str, Any], api: DbtCloudApi, server: ScriptedServer
) -> None:
    rows = [{**row, "id": at} if "id" in row else row for at in range(100)]
    extra = {"pagination": {"total_count": 100}}
    server.script(Reply(body=json.dumps({"data": rows, "extra": extra})))
    listed = api._list(dict[str, Any], "v2/runs/")
    assert len(listed) == 100
    assert len(server.received) == 2
