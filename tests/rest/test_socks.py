"""What was sent and what was not, through a real SOCKS proxy."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from airflow_provider_dbtsegment.exceptions import AnswerLostError, NotSentError
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.rest.conftest import NAME
from tests.scripted_server import Reply, ScriptedServer, scripted_server

pytest.importorskip("socks", reason="requests reaches SOCKS proxies with PySocks")

Connect = Callable[..., Transport]


@dataclass
class SocksServer:
    """Leads every name to one port of this machine, or answers that it does not."""

    port: int
    code: int = 0
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as file:
            _, methods = file.read(2)
            file.read(methods)
            client.sendall(b"\x05\x00")
            *_, kind = file.read(4)
            assert kind == 3, "the proxy looks up the name"
            self.asked.append(file.read(file.read(1)[0]).decode())
            file.read(2)
            client.sendall(b"\x05" + bytes([self.code]) + b"\x00\x01\x7f\x00\x00\x01\x00\x00")
            if self.code:
                return
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                sides = {client: server, server: client}
                while True:
                    for side in select.select(list(sides), [], [], 30)[0]:
                        data = side.recv(65536)
                        if not data:
                            return
                        sides[side].sendall(data)


@contextmanager
def socks_server(port: int) -> Iterator[SocksServer]:
    """Run a proxy to a port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = SocksServer(port, url=f"socks5h://u:p@127.0.0.1:{listener.getsockname()[1]}")

        def serve(client: socket.socket) -> None:
            with suppress(OSError):
                proxy.serve(client)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(params=["http", "https"])
def route(
    request: pytest.FixtureRequest, tls: ssl.SSLContext, connect: Connect
) -> Iterator[tuple[ScriptedServer, SocksServer, Transport]]:
    with (
        scripted_server(tls if request.param == "https" else None) as server,
        socks_server(int(server.url.rpartition(":")[2])) as proxy,
    ):
        yield server, proxy, connect(base_url=f"{request.param}://{NAME}", proxy=proxy.url)


Route = tuple[ScriptedServer, SocksServer, Transport]


def test_a_request_reaches_the_service_once_and_the_hook_is_called_before(route: Route) -> None:
    server, proxy, transport = route
    before: list[int] = []
    once = transport.sending_once(lambda: before.append(len(server.received)))
    assert once.request("POST", "/x", json={}).body == {}
    assert before == [0]
    assert proxy.asked == [NAME]
    assert len(server.received) == 1


def test_a_connection_that_ends_leaves_the_outcome_unknown(route: Route) -> None:
    server, _, transport = route
    server.script(Reply(drop="close"))
    with pytest.raises(AnswerLostError):
        transport.request("POST", "/x", json={})
    assert len(server.received) == 1


def test_a_proxy_that_refuses_proves_that_nothing_was_sent(route: Route) -> None:
    server, proxy, transport = route
    proxy.code = 5
    with pytest.raises(NotSentError) as caught:
        transport.sending_once(pytest.fail).request("POST", "/x", json={})
    assert "p@" not in str(caught.value)
    assert server.received == []
