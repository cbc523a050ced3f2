"""Segment's API: all ten operations, what goes out, and what a sync's end means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ShortListError,
)
from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.outcomes import Outcome
from airflow_provider_dbtsegment.segment import SegmentApi
from airflow_provider_dbtsegment.segment.types import count, outcome
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until

SYNC = {"syncId": "a", "syncStatus": "SUCCESS"}


def data(**content: Any) -> Reply:
    return Reply(body=json.dumps({"data": content}))


def test_models_are_created_read_changed_listed_and_deleted(segment: SegmentHook) -> None:
    made = segment.create_reverse_etl_model(
        "warehouse", name="New", query="select 1 as id", query_identifier_column="id"
    )
    assert segment.get_reverse_etl_model(made["id"]) == made
    changed = segment.update_reverse_etl_model(made["id"], name="Newer", enabled=False)
    assert (changed["name"], changed["enabled"]) == ("Newer", False)
    assert changed["query"] == "select 1 as id"
    assert made["id"] in [model["id"] for model in segment.list_reverse_etl_models()]
    assert len(segment.list_reverse_etl_models(limit=2)) == 2
    segment.delete_reverse_etl_model(made["id"])
    with pytest.raises(NotFoundError):
        segment.get_reverse_etl_model(made["id"])


def test_a_sync_is_started_followed_listed_and_cancelled(segment: SegmentHook) -> None:
    started = segment.create_reverse_etl_manual_sync("warehouse", "everybody", "slow")
    sync = segment.get_reverse_etl_sync_status("everybody", started["syncId"])
    assert sync["syncStatus"] == "IN_PROGRESS"
    listed = segment.list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        "everybody", "slow", limit=1
    )
    assert listed[0]["syncId"] == started["syncId"]
    answer = segment.cancel_reverse_etl_sync_for_model("everybody", started["syncId"])
    assert answer["status"] == "CANCELLING"
    ended = wait_until(lambda: _ended(segment, started["syncId"]))
    assert outcome(ended) is Outcome.CANCELLED


def _ended(segment: SegmentHook, sync_id: str) -> Any:
    sync = segment.get_reverse_etl_sync_status("everybody", sync_id)
    return sync if sync.get("finishedAt") else None


def test_a_dbt_model_sync_is_triggered(segment: SegmentHook) -> None:
    trigger = segment.create_dbt_model_sync_trigger("warehouse")
    assert trigger["sourceId"] == "warehouse"
    with pytest.raises(NotFoundError):
        segment.create_dbt_model_sync_trigger("nowhere")


def test_the_version_is_chosen_by_media_type(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(data(reverseETLManualSync={"syncId": "s", "startedAt": "t"}))
    api.create_reverse_etl_manual_sync("s", "m", "x")
    headers = server.received[0].headers
    assert headers["Content-Type"] == "application/vnd.segment.v1alpha+json"
    assert headers["Accept"].startswith("application/vnd.segment.v1alpha+json")
    server.script(data(dbtModelSyncTrigger={"id": "1", "status": "x"}))
    api.create_dbt_model_sync_trigger("s")
    assert server.received[0].headers["Content-Type"] == "application/vnd.segment.v1beta+json"


def listed(*ids: str, next: str | None = None, **pagination: Any) -> Reply:
    entries = [{"id": id} for id in ids]
    return data(models=entries, pagination={"current": "x", "next": next, **pagination})


def test_lists_follow_the_cursor(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("a", next="2", totalEntries=2), listed("b", totalEntries=2))
    assert [model["id"] for model in api.list_reverse_etl_models()] == ["a", "b"]
    assert [request.path for request in server.received] == [
        "/reverse-etl-models?pagination.count=1000",
        "/reverse-etl-models?pagination.count=1000&pagination.cursor=2",
    ]
    server.script(
        data(syncStatuses=[SYNC], pagination={"current": "1", "next": "2"}),
        data(syncStatuses=[SYNC]),
    )
    syncs = api.list_reverse_etl_sync_statuses_from_model_and_subscription_id("m", "s")
    assert syncs == [SYNC, SYNC]
    assert [request.path for request in server.received] == [
        "/reverse-etl-models/m/subscriptionId/s/syncs?count=100",
        "/reverse-etl-models/m/subscriptionId/s/syncs?count=100&cursor=2",
    ]


def test_a_list_is_fetched_as_far_as_it_is_read(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("a", "b", next="2"), Reply(500))
    models = api.list_reverse_etl_models()
    assert server.received == []
    assert models[1]["id"] == "b"
    assert [model["id"] for _, model in zip(range(2), models, strict=False)] == ["a", "b"]
    assert len(server.received) == 1


def test_a_limit_stops_early(api: SegmentApi, server: ScriptedServer) -> None:
    server.script(listed("a", "b", next="2", totalEntries=9), listed("c", "d", next="3"))
    assert [model["id"] for model in api.list_reverse_etl_models(limit=3)] == ["a", "b", "c"]
    first, second = (request.path for request in server.received)
    assert first == "/reverse-etl-models?pagination.count=3"
    assert second == "/reverse-etl-models?pagination.count=3&pagination.cursor=2"
    server.script(Reply(500))
    assert not api.list_reverse_etl_models(limit=0)
    assert server.received == []


@pytest.mark.parametrize(
    ("replies", "kind", "says"),
    [
        ([listed("a", totalEntries=3)], ShortListError, "promised 3 entries and left out 2"),
        ([listed("a", next="2"), listed("b", next="2")], ShortListError, "circle after 2 entries"),
        (
            [listed("a", next="2"), listed("b", next="3"), listed("a", next="2")],
            ShortListError,
            "circle after 3 entries",
        ),
        ([listed("a", next="2"), Reply(body='{"data": {', cut=5)], AnswerLostError, "broke off"),
        ([listed("a", next="2"), data(pagination={})], AnswerLostError, "without the data"),
        ([data(models=[{}])], AnswerLostError, "dict with id"),
    ],
)
def test_a_short_list_is_an_error(
    replies: list[Reply],
    kind: type[Exception],
    says: str,
    api: SegmentApi,
    server: ScriptedServer,
) -> None:
    server.script(*replies)
    models = api.list_reverse_etl_models()
    for _ in range(2):  # and it stays one
        with pytest.raises(kind, match=says):
            len(models)


def test_an_error_names_field_and_message(api: SegmentApi, server: ScriptedServer) -> None:
    body = {"errors": [{"type": "validation", "field": "query", "message": "is empty"}]}
    server.script(Reply(422, json.dumps(body)))
    with pytest.raises(InvalidRequestError, match="422 query: is empty"):
        api.get_reverse_etl_model("m")


def test_a_full_window_says_when_it_reopens(api: SegmentApi, server: ScriptedServer) -> None:
    body = {"errors": [{"type": "rate", "message": "slow", "data": {"msBeforeNext": 1500}}]}
    server.script(Reply(429, json.dumps(body)))
    with pytest.raises(RateLimitedError) as caught:
        api.get_reverse_etl_sync_status("m", "s")
    assert caught.value.retry_after == 1.5


@pytest.mark.parametrize("limit", [-1, "5", 1.5])
def test_a_limit_is_a_whole_number(limit: Any, api: SegmentApi, server: ScriptedServer) -> None:
    with pytest.raises(ConfigurationError, match=r"limit is .* whole number"):
        api.list_reverse_etl_models(limit=limit)
    assert server.received == []


def test_an_empty_answer_is_one_where_nothing_is_asked_for(
    api: SegmentApi, server: ScriptedServer
) -> None:
    server.script(Reply(204, ""))
    api.delete_reverse_etl_model("m")
    server.script(Reply(204, ""))
    with pytest.raises(AnswerLostError, match="without the data"):
        api.get_reverse_etl_model("m")


def test_an_answer_without_data_is_no_answer(api: SegmentApi, server: ScriptedServer) -> None:
    for body in ("[]", "null", '{"errors": []}', '{"data": 1}'):
        server.script(Reply(body=body))
        with pytest.raises(AnswerLostError, match="without the data"):
            api.get_reverse_etl_model("m")


@pytest.mark.parametrize(
    ("sync", "expected"),
    [
        ({"syncStatus": "IN_PROGRESS"}, None),
        ({"syncStatus": "SUCCESS"}, Outcome.SUCCESS),
        ({"syncStatus": "PARTIAL_SUCCESS"}, Outcome.PARTIAL),
        ({"syncStatus": "FAIL"}, Outcome.FAILED),
        ({"syncStatus": "CANCELLED"}, Outcome.CANCELLED),
        ({"syncStatus": "CANCELED"}, Outcome.CANCELLED),
        ({"syncStatus": "SOMETHING_NEW"}, None),
        ({"syncStatus": "SOMETHING_NEW", "finishedAt": "2026-01-01"}, Outcome.FAILED),
        ({"syncStatus": None}, None),
        ({}, None),
    ],
)
def test_only_a_listed_status_is_a_success(sync: Any, expected: Outcome | None) -> None:
    assert outcome(sync) is expected


def test_counts_are_texts() -> None:
    assert [count(text) for text in ("12", "", None, "many", 3)] == [12, 0, 0, 0, 3]
