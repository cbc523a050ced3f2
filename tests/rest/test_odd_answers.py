"""Answers that are no answers: each was found by made-up ones, see `tests/fuzz`."""

from __future__ import annotations

import io
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    NotSentError,
    RateLimitedError,
)
from airflow_provider_dbtsegment.rest.budget import LONGEST_PAUSE, Budget
from airflow_provider_dbtsegment.rest.headers import http_date
from airflow_provider_dbtsegment.rest.secrets import mask_secrets
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.scripted_server import Reply, ScriptedServer

NO_ADDRESS = ["http://[::1", "http://127.0.0.1:99999999/"]


@pytest.mark.parametrize("status", [101, 303, 304])
def test_what_is_neither_yes_nor_no_proves_nothing(
    transport: Transport, server: ScriptedServer, status: int
) -> None:
    server.script(Reply(status, b"", headers={"Location": f"{server.url}/done"}))
    with pytest.raises(AnswerLostError, match=f"answered {status}, which says nothing"):
        transport.request("POST", "/x", json={})


@pytest.mark.parametrize("body", [b"9" * 5000, b"[" * 100_000, b"\xff\xfe", b"{'a': 1}"])
def test_a_body_that_cannot_be_read_is_no_answer(
    transport: Transport, server: ScriptedServer, body: bytes
) -> None:
    server.script(Reply(body=body))
    with pytest.raises(AnswerLostError, match="not readable as JSON"):
        transport.request("POST", "/x", json={})


def test_half_a_character_is_replaced(transport: Transport, server: ScriptedServer) -> None:
    server.script(Reply(body=rb'{"a": "\ud800!", "b": "\ud83d\ude00"}'))
    assert transport.request("GET", "/x").body == {"a": "\ufffd!", "b": "\U0001f600"}


@pytest.mark.parametrize("target", NO_ADDRESS)
def test_a_redirect_to_nonsense_is_an_error(
    transport: Transport, server: ScriptedServer, target: str
) -> None:
    server.script(Reply(307, headers={"Location": target}))
    with pytest.raises(NotSentError, match="no address"):
        transport.request("GET", "/x")
    with pytest.raises(InvalidRequestError, match="no address; nothing was started"):
        transport.request("POST", "/x", json={})


def test_the_broken_body_of_a_redirect_does_not_matter(
    transport: Transport, server: ScriptedServer
) -> None:
    headers = {"Location": "/y", "Content-Encoding": "gzip"}
    server.script(Reply(307, b"no gzip", headers), Reply(body=b"1"))
    assert transport.request("GET", "/x").body == 1


@pytest.mark.parametrize(
    "asked", ["1e999", "nan", "-7", "9" * 400, "Thu, 01 Jan 2099 00:00:00 GMT"]
)
def test_no_service_makes_this_process_wait_for_ever(
    transport: Transport, server: ScriptedServer, asked: str
) -> None:
    server.script(Reply(429, headers={"Retry-After": asked}))
    budget = Budget(1000, clock=lambda: 0.0)
    with pytest.raises(RateLimitedError):
        transport.request("POST", "/x", json={}, budget=budget)
    assert budget.reserve() <= LONGEST_PAUSE + 1


@pytest.mark.parametrize(
    "text", ["Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 32 Foo", ""]
)
def test_a_date_that_is_none_is_none(text: str) -> None:
    assert http_date(text) is None


def test_secrets_are_found_at_any_depth() -> None:
    deep: Any = {"token": "t0k"}
    for _ in range(5000):
        deep = [deep]
    found: list[str] = []
    mask_secrets(deep, found.append)
    assert found == ["t0k"]


def test_a_download_that_is_no_gzip_is_an_error(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(AnswerLostError):
        transport.download("/x", io.BytesIO())
