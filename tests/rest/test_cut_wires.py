"""Wherever a connection is cut, what is said of the request is true, and it is sent once."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest

from airflow_provider_dbtsegment.exceptions import AnswerLostError, NotSentError
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.proxy_server import proxy_server
from tests.rest.conftest import NAME
from tests.scripted_server import scripted_server

Connect = Callable[..., Transport]


@dataclass
class Wire:
    """Leads to a port, and is cut when so many bytes have gone one way."""

    port: int
    url: str = ""
    from_client: int | None = None
    from_server: int | None = None
    resets: bool = False
    #: How many bytes have gone each way over the last connection.
    sent: int = 0
    received: int = 0

    def carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            self.sent = self.received = 0
            while self.sent != self.from_client and self.received != self.from_server:
                for side in select.select([client, server], [], [], 30)[0]:
                    is_client = side is client
                    limit = self.from_client if is_client else self.from_server
                    gone = self.sent if is_client else self.received
                    data = side.recv(65536)[: None if limit is None else limit - gone]
                    if not data:
                        return
                    (server if is_client else client).sendall(data)
                    self.sent += len(data) * is_client
                    self.received += len(data) * (not is_client)
            if self.resets:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(port, f"127.0.0.1:{listener.getsockname()[1]}")

        def carry(client: socket.socket) -> None:
            with suppress(OSError):
                wire.carry(client)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=carry, args=listener.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("once", [False, True], ids=["", "once"])
@pytest.mark.parametrize(
    "route", ["http", "https", "http by http", "https by http", "https by https"]
)
def test_what_is_said_is_true_wherever_the_wire_is_cut(
    route: str, once: bool, resets: bool, tls: ssl.SSLContext, connect: Connect
) -> None:
    scheme, _, through = route.partition(" by ")
    outcomes: set[type | None] = set()
    with ExitStack() as stack:
        server = stack.enter_context(scripted_server(tls if scheme == "https" else None))
        port = int(server.url.rpartition(":")[2])
        if through:
            proxy = stack.enter_context(proxy_server(port, tls if through == "https" else None))
            wire = stack.enter_context(wire_to(int(proxy.url.rpartition(":")[2])))
            ways = {"base_url": f"{scheme}://{NAME}", "proxy": f"{through}://{wire.url}"}
        else:
            wire = stack.enter_context(wire_to(port))
            ways = {"base_url": f"{scheme}://{wire.url}"}

        def send(path: str, begun: list[str]) -> NotSentError | AnswerLostError | None:
            # A transport that may repeat does so where nothing was sent.
            transport = connect(**ways, max_attempts=2, read_timeout=5.0, connect_timeout=5.0)
            if once:
                transport = transport.sending_once(lambda: begun.append(path))
            try:
                transport.request("POST", path, json={"a": 1})
            except (NotSentError, AnswerLostError) as error:
                return error
            finally:
                transport.close()
            return None

        assert send("/whole", []) is None
        wholes = {"from_client": wire.sent, "from_server": wire.received}
        for side, whole in wholes.items():
            for size in sorted({0, 1, *range(7, whole, max(1, whole // 23)), whole - 1}):
                wire.from_client = wire.from_server = None
                setattr(wire, side, size)
                wire.resets = resets
                path, begun = f"/{side}/{size}", []
                error = send(path, begun)
                outcomes.add(type(error) if error else None)
                received = [one for one in server.received if one.path == path]
                if error is None:
                    assert len(received) == 1, "what was cut off was not needed any more"
                elif isinstance(error, NotSentError):
                    assert (received, begun, error.may_have_happened) == ([], [], False)
                else:
                    assert len(received) <= 1
                    assert error.may_have_happened
    assert AnswerLostError in outcomes
    assert NotSentError in outcomes or not route.startswith("https")
