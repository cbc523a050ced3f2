"""What was sent and what was not, over every kind of connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    NotSentError,
    RateLimitedError,
    RequestError,
    StatusError,
)
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.proxy_server import ProxyServer, proxy_server
from tests.rest.conftest import NAME
from tests.scripted_server import Reply, ScriptedServer, scripted_server

ROUTES = ["http", "https", "http by http", "https by http", "http by https", "https by https"]
PROXIED = ROUTES[2:]
TUNNELLED = ["https by http", "https by https"]

Connect = Callable[..., Transport]


@dataclass
class Route:
    """A way to a service, with a proxy or without."""

    server: ScriptedServer
    proxy: ProxyServer | None
    transport: Transport


@pytest.fixture
def route(request: pytest.FixtureRequest, tls: ssl.SSLContext, connect: Connect) -> Iterator[Route]:
    scheme, _, through = request.param.partition(" by ")
    with ExitStack() as stack:
        server = stack.enter_context(scripted_server(tls if scheme == "https" else None))
        proxy, settings = None, {"base_url": server.url}
        if through:
            port = int(server.url.rpartition(":")[2])
            proxy = stack.enter_context(proxy_server(port, tls if through == "https" else None))
            settings = {"base_url": f"{scheme}://{NAME}", "proxy": proxy.url}
        yield Route(server, proxy, connect(**settings))


@pytest.mark.parametrize("route", ROUTES, indirect=True)
@pytest.mark.parametrize("drop", ["close", "reset"])
@pytest.mark.parametrize("once", [False, True])
def test_a_post_whose_connection_ends_is_sent_once_and_its_outcome_is_unknown(
    route: Route, drop: str, once: bool
) -> None:
    route.server.script(Reply(drop=drop))
    transport = route.transport.sending_once() if once else route.transport
    with pytest.raises(AnswerLostError) as caught:
        transport.request("POST", "/x", json={})
    assert caught.value.may_have_happened
    assert [one.method for one in route.server.received] == ["POST"]


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_a_get_whose_connection_ends_is_sent_again(route: Route) -> None:
    route.server.script(Reply(drop="close"), Reply(body='{"ok": 1}'))
    assert route.transport.request("GET", "/x").body == {"ok": 1}
    if route.proxy is not None:
        assert route.proxy.asked


@pytest.mark.parametrize("route", ROUTES, indirect=True)
def test_the_hook_is_called_on_a_connection_directly_before_the_request(route: Route) -> None:
    before: list[tuple[int, int, int]] = []

    def look() -> None:
        proxy = route.proxy.asked if route.proxy else []
        before.append((route.server.connections, len(route.server.received), len(proxy)))

    route.transport.request("GET", "/x")  # leaves an idle connection behind
    opened, asked = route.server.connections, len(route.proxy.asked) if route.proxy else 0
    once = route.transport.sending_once(look)
    for count in (1, 2):
        once.request("POST", "/x", json={})
        assert len(before) == count
        assert before[-1][1] == count, "nothing of the request has come"
        assert route.server.connections == opened + count, "on a connection of its own"
        if route.proxy is not None and route.proxy.asked[-1].startswith("CONNECT"):
            assert before[-1][2] == asked + count, "behind the tunnel"


@pytest.mark.parametrize("route", ROUTES, indirect=True)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("store"),
        BrokenPipeError(32, "store"),  # urllib3 swallows it
        ConnectionResetError(104, "store"),
        TimeoutError("store"),
        ssl.SSLError("store"),
        NotSentError("store", method="PUT", url="x"),
        KeyboardInterrupt(),
        SystemExit(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_hook_raises_keeps_the_request_from_being_sent(
    route: Route, error: BaseException
) -> None:
    def refuse() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        route.transport.sending_once(refuse).request("POST", "/x", json={})
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert route.server.received == []


@pytest.mark.parametrize("route", TUNNELLED, indirect=True)
@pytest.mark.parametrize("refusal", ["407 Who are you", "502 Bad Gateway", "200", "hang up"])
def test_a_tunnel_that_fails_proves_that_nothing_was_sent(route: Route, refusal: str) -> None:
    assert route.proxy is not None
    route.proxy.hang_up = refusal == "hang up"
    route.proxy.refuse = "" if refusal == "hang up" else refusal  # a 200, and no TLS after it
    with pytest.raises(NotSentError) as caught:
        route.transport.request("POST", "/x", json={})
    assert not caught.value.may_have_happened
    assert len(route.proxy.asked) == 5, "so it may be tried again"
    with pytest.raises(NotSentError):
        route.transport.sending_once(pytest.fail).request("POST", "/x", json={})
    assert len(route.proxy.asked) == 6, "but not by a transport that sends once"
    assert route.server.received == []


@pytest.mark.parametrize("route", ["http by http", "http by https"], indirect=True)
@pytest.mark.parametrize("status", [407, 403, 404, 502])
def test_what_a_proxy_says_itself_of_a_request_leaves_its_outcome_unknown(
    route: Route, status: int
) -> None:
    assert route.proxy is not None
    route.proxy.refuse = f"{status} No"
    with pytest.raises(StatusError) as caught:
        route.transport.request("POST", "/x", json={})
    assert caught.value.may_have_happened
    assert not caught.value.from_service
    assert len(route.proxy.asked) == 1


@pytest.mark.parametrize("through", ["nothing", "http", "https"])
def test_a_handshake_that_fails_proves_that_nothing_was_sent(
    through: str, tls: ssl.SSLContext, connect: Connect
) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        settings: dict[str, Any] = {"base_url": f"https://127.0.0.1:{port}", "max_attempts": 1}
        if through != "nothing":
            proxy = stack.enter_context(proxy_server(port, tls if through == "https" else None))
            settings |= {"base_url": f"https://{NAME}", "proxy": proxy.url}
        listener.settimeout(10)
        stack.callback(_closing(listener))
        with pytest.raises(NotSentError, match=r"no TLS|could not connect"):
            connect(**settings).request("POST", "/x", json={})


def _closing(listener: socket.socket) -> Callable[[], None]:
    """Close every connection as soon as it is there, until the returned function is called."""

    def close_all() -> None:
        try:
            while True:
                listener.accept()[0].close()
        except OSError:
            pass

    thread = threading.Thread(target=close_all)
    thread.start()

    def stop() -> None:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()

    return stop


@pytest.mark.parametrize("once", [False, True])
def test_a_certificate_that_is_not_trusted_proves_that_nothing_was_sent(
    once: bool, tls: ssl.SSLContext, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with scripted_server(tls) as server:
        transport = connect(base_url=server.url)
        with pytest.raises(NotSentError, match="certificate is not trusted") as caught:
            (transport.sending_once() if once else transport).request("POST", "/x", json={})
    assert caught.value.final


def test_an_idle_connection_that_the_service_has_closed_leaves_a_post_unknown_but_not_a_start(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(headers={"X": "1"}), Reply(drop="reset"))
    transport.request("GET", "/x")
    with pytest.raises(AnswerLostError):
        transport.request("POST", "/x", json={})
    server.script(Reply(), Reply())
    transport.sending_once().request("POST", "/x", json={})


@pytest.mark.parametrize(
    "reply", [Reply(429, headers={"Retry-After": "0"}), Reply(500), Reply(body="<html>")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_sent_twice_by_a_transport_that_sends_once(
    transport: Transport, server: ScriptedServer, reply: Reply, method: str
) -> None:
    server.script(reply)
    with pytest.raises(RequestError):
        transport.sending_once().request(method, "/x", repeatable=True)
    assert len(server.received) == 1


def test_a_transport_that_sends_once_does_not_wait_for_a_place_in_the_budget(
    transport: Transport, server: ScriptedServer, slept: list[float]
) -> None:
    budget = Budget(60, clock=lambda: 0.0)
    once = transport.sending_once()
    while budget.free_in() == 0:
        once.request("POST", "/x", budget=budget)
    sent, left = len(server.received), budget.free_in()
    with pytest.raises(RateLimitedError, match="not sent") as caught:
        once.request("POST", "/x", budget=budget)
    assert caught.value.retry_after == left > 0
    assert not caught.value.may_have_happened
    assert budget.free_in() == left, "nothing is taken"
    assert len(server.received) == sent
    assert slept == []


def test_a_refused_post_does_not_go_to_another_connection(
    connect: Connect, slept: list[float]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    once = connect(base_url=f"http://127.0.0.1:{port}").sending_once(pytest.fail)
    with pytest.raises(NotSentError, match="could not connect"):
        once.request("POST", "/x")
    assert slept == []


@pytest.mark.parametrize("route", ["https by http"], indirect=True)
def test_the_proxy_of_the_environment_is_used_for_what_is_sent_once(
    route: Route, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert route.proxy is not None
    monkeypatch.setenv("HTTPS_PROXY", route.proxy.url)
    connect(base_url=f"https://{NAME}").sending_once().request("POST", "/x", json={})
    assert [line.split()[:2] for line in route.proxy.asked] == [["CONNECT", f"{NAME}:443"]]


@pytest.mark.parametrize(
    ("proxy", "says"),
    [("gopher://127.0.0.1:1", "proxy is not a URL"), ("http://", "proxy is not a URL")],
)
def test_a_proxy_that_cannot_be_used_is_a_fault_of_the_configuration(
    connect: Connect, proxy: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        connect(base_url=f"https://{NAME}", proxy=proxy).request("POST", "/x")


def test_a_missing_file_of_certificates_is_found_before_anything_is_sent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(NotSentError, match=r"missing\.pem"):
        connect(base_url=f"https://{NAME}", max_attempts=1).request("POST", "/x")


@pytest.mark.parametrize("route", ["https by http", "http by http"], indirect=True)
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.9.9.9",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",  # noqa: S104
        "localhost",
        "localhost.",
        "LOCALHOST",
        "x.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "user@127.0.0.1",
    ],
)
def test_no_service_leads_a_get_to_this_machine(
    route: Route, host: str, other_server: ScriptedServer
) -> None:
    port = other_server.url.rpartition(":")[2]
    route.server.script(Reply(302, headers={"Location": f"http://{host}:{port}/internal"}))
    with pytest.raises(NotSentError, match="which is not encrypted"):
        route.transport.request("GET", "/x")
    assert other_server.connections == 0


@pytest.mark.parametrize("route", ["https", "http"], indirect=True)
def test_a_service_of_this_machine_may_lead_to_another_one(
    route: Route, other_server: ScriptedServer
) -> None:
    other_server.script(Reply(body='{"ok": 1}'))
    route.server.script(Reply(302, headers={"Location": f"{other_server.url}/y"}))
    assert route.transport.request("GET", "/x").body == {"ok": 1}
    assert "Authorization" not in other_server.received[0].headers
