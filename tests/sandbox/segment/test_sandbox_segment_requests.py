"""Who may ask, in which media type, how often, and how refusals look."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

ALPHA = "application/vnd.segment.v1alpha+json"
BETA = "application/vnd.segment.v1beta+json"
MODELS = "/reverse-etl-models"
START = {"sourceId": "shop", "modelId": "customers", "subscriptionId": "to_plain"}


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic test-token", "test-token"])
def test_other_tokens_are_unauthorized(calm_server: Any, authorization: str) -> None:
    error = calm_server.error("GET", MODELS, headers={"Authorization": authorization})
    assert (error["status"], error["type"]) == (401, "unauthorized")


@pytest.mark.parametrize("content_type", [None, "", "application/json", "text/plain"])
def test_body_must_name_its_version(calm_server: Any, content_type: str | None) -> None:
    error = calm_server.error(
        "POST", "/reverse-etl-syncs", START, headers={"Content-Type": content_type}
    )
    assert error["status"] == 415
    assert ALPHA in error["message"]


@pytest.mark.parametrize("content_type", [ALPHA, BETA, f"{ALPHA}; charset=utf-8"])
def test_both_versions_are_read(calm_server: Any, content_type: str) -> None:
    response = calm_server.call(
        "POST",
        "/dbt-model-syncs/trigger",
        {"sourceId": "shop"},
        headers={"Content-Type": content_type},
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (ALPHA, ALPHA),
        (BETA, BETA),
        (f"text/html, {BETA};q=0.9, {ALPHA}", BETA),
        ("application/json", ALPHA),
        ("*/*", ALPHA),
    ],
)
def test_answer_has_the_version_that_is_accepted(
    calm_server: Any, accept: str, answered: str
) -> None:
    response = calm_server.call("GET", MODELS, headers={"Accept": accept})
    assert response.headers["content-type"] == answered


def test_nothing_else_can_be_accepted(calm_server: Any) -> None:
    assert calm_server.error("GET", MODELS, headers={"Accept": "text/html"})["status"] == 406


def test_dbt_trigger_answers_in_beta(calm_server: Any) -> None:
    response = calm_server.call(
        "POST", "/dbt-model-syncs/trigger", {"sourceId": "shop"}, headers={"Accept": "*/*"}
    )
    assert response.headers["content-type"] == BETA


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"'])
def test_body_must_be_a_json_object(calm_server: Any, body: str) -> None:
    error = calm_server.error(
        "POST", "/reverse-etl-syncs", data=body, headers={"Content-Type": ALPHA}
    )
    assert (error["status"], error["type"]) == (400, "bad-request")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


def limit_headers(response: requests.Response) -> tuple[str, ...]:
    return tuple(response.headers[f"X-RateLimit-{name}"] for name in ("Consumed", "Remaining"))


def test_limit_is_counted_by_endpoint_and_reopens_after_a_minute(
    start_server: Any, section: dict[str, Any]
) -> None:
    section["rate_limits"] = {"dbt_trigger": 2, "default": 5}
    clock = Clock()
    body = {"sourceId": "shop"}
    with start_server(clock=clock) as server:
        first = server.call("POST", "/dbt-model-syncs/trigger", body)
        assert limit_headers(first) == ("1", "1")
        reset = parsedate_to_datetime(first.headers["X-RateLimit-Reset"])
        assert reset.timestamp() == 1_800_000_061

        clock.now += 20
        assert limit_headers(server.call("POST", "/dbt-model-syncs/trigger", body)) == ("2", "0")
        refused = server.call("POST", "/dbt-model-syncs/trigger", body)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "40"
        assert limit_headers(refused) == ("3", "0")
        assert refused.json()["errors"][0]["data"] == {
            "remainingPoints": 0,
            "msBeforeNext": 40_000,
            "consumedPoints": 3,
        }
        assert limit_headers(server.call("GET", MODELS)) == ("1", "4")

        clock.now += 40
        assert limit_headers(server.call("POST", "/dbt-model-syncs/trigger", body)) == ("1", "1")


def test_limit_is_counted_by_token(start_server: Any, section: dict[str, Any]) -> None:
    section["rate_limits"] = {"default": 1}
    with start_server(clock=Clock()) as server:
        stranger = {"Authorization": "Bearer wrong"}
        assert server.call("GET", MODELS, headers=stranger).status_code == 401
        assert server.call("GET", MODELS, headers=stranger).status_code == 429
        assert server.call("GET", MODELS).status_code == 200


@pytest.mark.parametrize(
    ("limit", "method", "path", "body"),
    [
        ("start_sync", "POST", "/reverse-etl-syncs", START),
        ("sync_status", "GET", "/reverse-etl-models/customers/syncs/none", None),
        ("dbt_trigger", "POST", "/dbt-model-syncs/trigger", {"sourceId": "shop"}),
        ("default", "GET", MODELS, None),
    ],
)
def test_each_limit_has_its_setting(
    start_server: Any, section: dict[str, Any], limit: str, method: str, path: str, body: Any
) -> None:
    section["rate_limits"] = {limit: 1}
    with start_server(clock=Clock()) as server:
        assert server.call(method, path, body).status_code != 429
        assert server.call(method, path, body).status_code == 429
