"""Requests over real sockets: what is sent, what is sent again, what comes out."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.rest.budget import LONGEST_PAUSE, Budget
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.rest.conftest import TOKEN
from tests.scripted_server import Reply, ScriptedServer

HTML = Reply(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"})


def test_a_json_answer_comes_out_parsed(transport: Transport, server: ScriptedServer) -> None:
    server.script(Reply(body='{"a": [1]}'))
    answer = transport.request("GET", "/x", params={"one": "1", "none": None})
    assert answer.body == {"a": [1]}
    assert server.received[0].path == "/x?one=1"
    assert server.received[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_media_type_that_ends_in_json_is_json(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(headers={"Content-Type": "application/vnd.segment.v1alpha+json"}))
    assert transport.request("GET", "/x").body == {}


def test_one_connection_serves_many_requests(transport: Transport, server: ScriptedServer) -> None:
    for _ in range(5):
        transport.request("GET", "/x")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "kind", "resembles"),
    [
        (400, InvalidRequestError, ValueError),
        (409, InvalidRequestError, ValueError),
        (422, InvalidRequestError, ValueError),
        (401, AuthError, PermissionError),
        (403, AuthError, PermissionError),
        (404, NotFoundError, LookupError),
    ],
)
def test_a_refusal_is_not_sent_again(
    transport: Transport,
    server: ScriptedServer,
    status: int,
    kind: type[RequestError],
    resembles: type[Exception],
) -> None:
    server.script(Reply(status, '{"message": "no such thing"}'))
    with pytest.raises(kind, match=rf"GET {server.url}/x: {status} no such thing") as caught:
        transport.request("GET", "/x?token=1")
    assert isinstance(caught.value, resembles)
    assert not caught.value.may_have_happened
    assert len(server.received) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, '{"message": "slow"}', {"Retry-After": "7"}), 7.0),
        (Reply(429, '{"message": "slow", "wait": 2.5}'), 2.5),
        (Reply(429, '{"message": "slow", "wait": 2.5}', {"Retry-After": "7"}), 7.0),
        (Reply(429, '{"message": "slow"}', {"Retry-After": "0"}), 0.0),
    ],
)
def test_too_many_requests_are_sent_again_after_the_wait_that_is_asked_for_once(
    transport: Transport,
    server: ScriptedServer,
    slept: list[float],
    method: str,
    reply: Reply,
    seconds: float,
) -> None:
    server.script(reply, Reply(body='{"ok": 1}'))
    assert transport.request(method, "/x").body == {"ok": 1}
    assert slept == [seconds]


def test_too_many_requests_without_a_wait_back_off(
    transport: Transport, server: ScriptedServer, slept: list[float]
) -> None:
    server.script(Reply(429), Reply(429), Reply())
    transport.request("POST", "/x")
    assert len(slept) == 2
    assert all(0 <= seconds <= 60 for seconds in slept)


def test_a_wait_longer_than_allowed_is_passed_on(
    transport: Transport, server: ScriptedServer, slept: list[float]
) -> None:
    server.script(Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError) as caught:
        transport.request("GET", "/x")
    assert caught.value.retry_after == 3600
    assert slept == []


@pytest.mark.parametrize("reply", [Reply(500), HTML, Reply(drop="close"), Reply(drop="reset")])
def test_a_fault_is_survived_where_sending_twice_is_harmless(
    transport: Transport, server: ScriptedServer, reply: Reply
) -> None:
    server.script(reply, reply, Reply(body='{"ok": 1}'))
    assert transport.request("GET", "/x").body == {"ok": 1}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(500), ServerError),
        (HTML, ServerError),
        (Reply(drop="close"), AnswerLostError),
        (Reply(drop="reset"), AnswerLostError),
        (Reply(body="<html>hello</html>", headers={"Content-Type": "text/html"}), AnswerLostError),
        (Reply(body='{"half": '), AnswerLostError),
        (Reply(body='{"a": 1, "b": 2}', cut=5), AnswerLostError),
    ],
)
def test_a_post_whose_answer_is_lost_is_not_sent_again(
    transport: Transport, server: ScriptedServer, reply: Reply, kind: type[RequestError]
) -> None:
    server.script(reply)
    with pytest.raises(kind) as caught:
        transport.request("POST", "/x", json={})
    assert caught.value.may_have_happened
    assert len(server.received) == 1


def test_a_post_that_is_harmless_twice_is_sent_again(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(503), Reply(body='{"ok": 1}'))
    assert transport.request("POST", "/cancel", repeatable=True).body == {"ok": 1}


def test_it_gives_up_after_the_allowed_attempts(
    connect: Callable[..., Transport], server: ScriptedServer
) -> None:
    server.script(Reply(500, "out of order", {"Content-Type": "text/plain"}))
    with pytest.raises(ServerError, match="500 out of order"):
        connect(max_attempts=3).request("GET", "/x")
    assert len(server.received) == 3


def test_a_refused_connection_is_tried_again_even_for_a_post(
    connect: Callable[..., Transport], slept: list[float]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    transport = connect(base_url=f"http://127.0.0.1:{port}", max_attempts=3)
    with pytest.raises(NotSentError, match="could not connect") as caught:
        transport.request("POST", "/x", params={"secret": "hidden"})
    assert not caught.value.may_have_happened
    assert len(slept) == 2
    assert "hidden" not in str(caught.value)


def test_an_answer_that_takes_too_long_is_lost(
    connect: Callable[..., Transport], server: ScriptedServer
) -> None:
    server.script(Reply(delay=0.5))
    with pytest.raises(AnswerLostError, match="timed out"):
        connect(read_timeout=0.1).request("POST", "/x")


def test_an_answer_that_drips_for_ever_is_lost(
    connect: Callable[..., Transport], server: ScriptedServer
) -> None:
    server.script(Reply(body="1" * 100, drip=0.02, headers={"Content-Length": "100"}))
    with pytest.raises(AnswerLostError, match=r"longer than 0\.1 s|timed out"):
        connect(read_timeout=0.3, answer_timeout=0.1).request("POST", "/x")


def test_the_token_is_masked_in_what_a_server_echoes(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(400, f'{{"message": "bad token {TOKEN}"}}'))
    with pytest.raises(InvalidRequestError) as caught:
        transport.request("GET", "/x")
    assert TOKEN not in str(caught.value)
    server.script(Reply(500, f"{'x' * 195} {TOKEN}", {"Content-Type": "text/plain"}))
    with pytest.raises(ServerError) as caught_again:
        transport.request("POST", "/x")
    assert TOKEN[:4] not in str(caught_again.value)
    assert TOKEN not in repr(transport.settings)


def test_a_redirect_to_another_host_gets_no_credentials(
    transport: Transport, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    server.script(Reply(302, headers={"Location": f"{other_server.url}/file?sig=1"}))
    other_server.script(Reply(body='{"ok": 1}'))
    transport.request("GET", "/x", headers={"X-Own": "header"})
    headers = other_server.received[0].headers
    assert "Authorization" not in headers
    assert "X-Own" not in headers


def test_a_redirect_within_the_host_keeps_the_credentials(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(308, headers={"Location": "/x/"}), Reply(body='{"ok": 1}'))
    assert transport.request("GET", "/x").body == {"ok": 1}
    assert server.received[1].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "may_have_happened"), [(301, False), (302, True), (307, False), (308, False)]
)
def test_a_post_is_never_redirected(
    transport: Transport,
    server: ScriptedServer,
    other_server: ScriptedServer,
    status: int,
    may_have_happened: bool,
) -> None:
    server.script(Reply(status, headers={"Location": f"{other_server.url}/x?a=1"}))
    with pytest.raises(InvalidRequestError, match=f"redirected to {other_server.url}/x") as caught:
        transport.request("POST", "/x", json={})
    assert ("nothing was started" in str(caught.value)) is not may_have_happened
    assert caught.value.may_have_happened is may_have_happened
    assert not caught.value.from_service
    assert other_server.received == []


def test_a_netrc_file_is_not_asked_for_credentials(
    transport: Transport,
    server: ScriptedServer,
    other_server: ScriptedServer,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.script(Reply(302, headers={"Location": f"{other_server.url}/y"}))
    transport.request("GET", "/x")
    assert "Authorization" not in other_server.received[0].headers


def test_this_machine_is_not_asked_for_through_a_proxy(
    transport: Transport, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert transport.request("GET", "/x").status == 200


def test_a_download_starts_again_where_the_file_stood(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(body=b"0123456789", cut=4), Reply(body=b"0123456789"))
    file = io.BytesIO(b"head")
    file.seek(4)
    assert transport.download("/file", file) == 10
    assert file.getvalue() == b"head0123456789"


def test_cookies_are_not_kept(transport: Transport, server: ScriptedServer) -> None:
    server.script(Reply(headers={"Set-Cookie": "a=b"}))
    transport.request("GET", "/x")
    transport.request("GET", "/x")
    assert "Cookie" not in server.received[1].headers


def test_a_used_up_window_pauses_the_budget(transport: Transport, server: ScriptedServer) -> None:
    server.script(
        Reply(
            headers={
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "Sat, 01 Jan 2050 00:00:30 GMT",
            }
        )
    )
    budget = Budget(1000, clock=lambda: 0.0)
    transport.request("GET", "/x", budget=budget)
    assert budget.reserve() >= LONGEST_PAUSE
