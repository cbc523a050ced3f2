"""A request ends in time, however slowly what it waits for comes, over every kind of connection."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, repeat
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    NotSentError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.rest import connections
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.proxy_server import proxy_server, read_request
from tests.rest.conftest import NAME

Connect = Callable[..., Transport]
Pieces = Iterator[bytes]

#: Seconds for a whole answer, between two pieces, and after which all must be over.
ALLOWED, IDLE, OVER = 0.8, 0.4, 2.5
PAUSE = 0.05
TIMES: dict[str, Any] = {
    "answer_timeout": ALLOWED,
    "read_timeout": IDLE,
    "connect_timeout": IDLE,
    "max_attempts": 1,
}
ROUTES = ["http", "https", "http by http", "https by http", "http by https", "https by https"]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = OK + b"Content-Length: 100000\r\n\r\n"


def one_by_one(text: bytes) -> Pieces:
    return (bytes([one]) for one in text)


DRIPS: dict[str, Callable[[], Pieces]] = {
    "the status line": lambda: one_by_one(b"HTTP/1.1 200 " + b"O" * 9000),
    "a header": lambda: one_by_one(OK + b"X: " + b"x" * 9000),
    "headers": lambda: chain([OK], repeat(b"X: x\r\n")),
    "interim responses": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": lambda: chain([CHUNKED], repeat(b"1")),
    "an extension of a chunk": lambda: chain([CHUNKED + b"1;x"], repeat(b"x")),
    "chunks": lambda: chain([CHUNKED], repeat(b"1\r\n \r\n")),
    "trailers": lambda: chain([CHUNKED + b"2\r\n{}\r\n0\r\n"], repeat(b"X: x\r\n")),
    "the body": lambda: chain([LONG], repeat(b" ")),
    "a body without an end": lambda: chain([OK + b"\r\n"], repeat(b" ")),
}


@contextmanager
def dripping(
    pieces: Callable[[], Pieces], tls: ssl.SSLContext | None = None, *, reads: bool = True
) -> Iterator[int]:
    """Answer on a port in pieces with pauses between them; without reading, from the beginning."""
    ends = threading.Event()

    def serve(client: socket.socket) -> None:
        with suppress(OSError), tls.wrap_socket(client, server_side=True) if tls else client as end:
            if reads:
                read_request(end)
            for piece in pieces():
                end.sendall(piece)
                if ends.wait(PAUSE):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        ends.set()
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def dripping_by(
    route: str, pieces: Callable[[], Pieces], tls: ssl.SSLContext, connect: Connect
) -> Iterator[Transport]:
    scheme, _, through = route.partition(" by ")
    with ExitStack() as stack:
        port = stack.enter_context(dripping(pieces, tls if scheme == "https" else None))
        settings = {"base_url": f"{scheme}://127.0.0.1:{port}"}
        if through:
            proxy = stack.enter_context(proxy_server(port, tls if through == "https" else None))
            settings = {"base_url": f"{scheme}://{NAME}", "proxy": proxy.url}
        yield connect(**TIMES, **settings)


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < OVER


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize("route", ["http", "https by https"])
def test_an_answer_of_which_a_part_never_ends_is_lost_in_time(
    route: str, drip: str, tls: ssl.SSLContext, connect: Connect
) -> None:
    with (
        dripping_by(route, DRIPS[drip], tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match=rf"took longer than {ALLOWED} s"),
    ):
        transport.request("POST", "/x", json={})


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("once", [False, True])
def test_headers_that_drip_do_so_over_every_connection_in_vain(
    route: str, once: bool, tls: ssl.SSLContext, connect: Connect
) -> None:
    with (
        dripping_by(route, DRIPS["a header"], tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match="took longer"),
    ):
        (transport.sending_once() if once else transport).request("POST", "/x", json={})


@pytest.mark.parametrize("drip", sorted(set(DRIPS) - {"the body", "a body without an end"}))
def test_a_download_that_makes_no_progress_ends_in_time(
    drip: str, tls: ssl.SSLContext, connect: Connect
) -> None:
    with (
        dripping_by("http", DRIPS[drip], tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match="took longer"),
    ):
        transport.download("/x", io.BytesIO())


@pytest.mark.parametrize("framing", [LONG, CHUNKED])
def test_a_download_that_drips_ends_in_time(
    framing: bytes, tls: ssl.SSLContext, connect: Connect
) -> None:
    piece = b"1\r\nx\r\n" if framing == CHUNKED else b"x"
    pieces = partial(chain, [framing], repeat(piece))
    with (
        dripping_by("http", pieces, tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match="took longer"),
    ):
        transport.download("/x", io.BytesIO())


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_download_that_makes_progress_may_take_longer(
    is_chunked: bool, tls: ssl.SSLContext, connect: Connect
) -> None:
    size, count = connections.PROGRESS // 4, 30
    head = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % (size * count)
    piece = (b"%x\r\n" % size if is_chunked else b"") + b"x" * size + b"\r\n" * is_chunked
    pieces = partial(chain, [OK + head + b"\r\n\r\n"], [piece] * count, [b"0\r\n\r\n"] * is_chunked)
    with dripping_by("http", pieces, tls, connect) as transport:
        began = time.monotonic()
        assert transport.download("/x", io.BytesIO()) == size * count
        assert time.monotonic() - began > ALLOWED


def test_the_time_of_whoever_reads_a_download_does_not_count(
    tls: ssl.SSLContext, connect: Connect
) -> None:
    size = connections.PROGRESS
    pieces = partial(chain, [OK + b"Content-Length: %d\r\n\r\n" % (size * 2) + b"x" * size * 2])

    def slowly(body: Any) -> int:
        first = len(body.read(size))
        time.sleep(ALLOWED * 1.5)
        return first + len(body.read())

    with dripping_by("http", pieces, tls, connect) as transport:
        assert transport.stream("/x", slowly) == size * 2


def test_a_hurried_download_has_no_more_time_than_it_is_given(
    tls: ssl.SSLContext, connect: Connect
) -> None:
    size = connections.PROGRESS
    pieces = partial(chain, [OK + b"Content-Length: 1000000000\r\n\r\n"], repeat(b"x" * size))
    with (
        dripping_by("http", pieces, tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match=r"took longer than 0\.5 s"),
    ):
        transport.hurried(0.5).download("/x", io.BytesIO())


def test_an_error_whose_page_never_ends_is_one_in_time(
    tls: ssl.SSLContext, connect: Connect
) -> None:
    error = b'HTTP/1.1 500 No\r\nContent-Length: 99999\r\n\r\n{"message": "x"'
    pieces = partial(chain, [error], repeat(b" "))
    with (
        dripping_by("https", pieces, tls, connect) as transport,
        in_time(),
        pytest.raises(ServerError, match="500"),
    ):
        transport.request("POST", "/x")


@pytest.mark.parametrize("route", ["https by http", "https by https"])
@pytest.mark.parametrize(
    "drip",
    [
        lambda: one_by_one(b"HTTP/1.1 200 " + b"O" * 9000),
        lambda: chain([b"HTTP/1.1 200 OK\r\n"], repeat(b"X: x\r\n")),
        lambda: chain([b"HTTP/1.1 200 OK\r\n\r\n"], one_by_one(b"\x16\x03\x03\x40\x00" * 999)),
    ],
    ids=["status line", "headers", "handshake behind it"],
)
def test_a_tunnel_that_is_never_there_is_given_up_in_time(
    route: str, drip: Callable[[], Pieces], tls: ssl.SSLContext, connect: Connect
) -> None:
    through = route.rpartition(" ")[2]
    with dripping(drip, tls if through == "https" else None) as port, in_time():
        transport = connect(
            **TIMES, base_url=f"https://{NAME}", proxy=f"{through}://127.0.0.1:{port}"
        )
        with pytest.raises(NotSentError):
            transport.request("POST", "/x", json={})


def test_a_handshake_that_never_ends_is_given_up_in_time(
    tls: ssl.SSLContext, connect: Connect
) -> None:
    drip = partial(one_by_one, b"\x16\x03\x03\x40\x00" * 999)
    with dripping(drip, reads=False) as port, in_time():
        transport = connect(**TIMES, base_url=f"https://127.0.0.1:{port}")
        with pytest.raises(NotSentError):
            transport.request("POST", "/x", json={})


@pytest.mark.parametrize("route", ["http", "https"])
@pytest.mark.parametrize("reads", [0, 4096])
def test_a_service_that_hardly_reads_is_given_up_in_time(
    route: str, reads: int, tls: ssl.SSLContext, connect: Connect
) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)

        def read_slowly() -> None:
            client = listener.accept()[0]
            with tls.wrap_socket(client, server_side=True) if route == "https" else client as end:
                while reads and not done.is_set() and end.recv(reads):
                    time.sleep(PAUSE)
                done.wait()

        done = threading.Event()
        thread = threading.Thread(target=read_slowly)
        thread.start()
        stack.callback(thread.join)
        stack.callback(done.set)
        transport = connect(**TIMES, base_url=f"{route}://127.0.0.1:{listener.getsockname()[1]}")
        with in_time(), pytest.raises(AnswerLostError, match=r"timed out|took longer"):
            transport.request("POST", "/x", json=["x" * 20_000_000])


def test_addresses_that_do_not_answer_share_the_time(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def addresses(host: str, *args: Any, **options: Any) -> Any:
        names = ["127.0.0.2", "127.0.0.1"] if host == NAME else [host]
        return list(chain(*(look_up(name, *args, **options) for name in names)))

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    fine = partial(iter, [OK + b"Content-Length: 2\r\n\r\n{}"])
    with dripping(fine) as port, socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.2", port))
        full.listen(0)
        for _ in range(4):  # so that its queue is full, and takes no connection
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", port))
        transport = connect(base_url=f"http://{NAME}:{port}", max_attempts=1)
        with in_time():
            assert transport.hurried(1.6).request("GET", "/x").body == {}


def test_all_redirects_of_a_request_share_its_time(tls: ssl.SSLContext, connect: Connect) -> None:
    def redirect() -> Pieces:
        time.sleep(IDLE * 0.9)
        yield b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"

    with (
        dripping_by("http", redirect, tls, connect) as transport,
        in_time(),
        pytest.raises(AnswerLostError, match="took longer"),
    ):
        transport.request("GET", "/x")


@pytest.mark.parametrize(
    "head",
    [
        partial(repeat, b"HTTP/1.1 100 Continue\r\n\r\n" * 4000),
        partial(chain, [OK], repeat(b"X: %s\r\n" % (b"x" * 60000))),
        partial(chain, [OK + b"X: "], repeat(b"x" * 60000)),
    ],
    ids=["interim responses", "headers", "one header"],
)
def test_more_headers_than_anybody_sends_are_not_read(
    head: Callable[[], Pieces], tls: ssl.SSLContext, connect: Connect
) -> None:
    with dripping_by("http", head, tls, connect) as transport:
        began = time.monotonic()
        with pytest.raises(AnswerLostError, match=r"KB of headers|when reading header line"):
            transport.request("POST", "/x")
        assert time.monotonic() - began < ALLOWED


def test_a_line_between_chunks_is_not_read_without_end(
    tls: ssl.SSLContext, connect: Connect
) -> None:
    pieces = partial(chain, [CHUNKED], repeat(b"1" * 60000))
    with dripping_by("http", pieces, tls, connect) as transport:
        began = time.monotonic()
        with pytest.raises(RequestError, match=r"LineTooLong|maximum allowed length"):
            transport.download("/x", io.BytesIO())
        assert time.monotonic() - began < ALLOWED


def test_a_hook_may_take_its_time(tls: ssl.SSLContext, connect: Connect) -> None:
    pieces = partial(iter, [OK + b"Content-Length: 2\r\n\r\n{}"])
    with dripping_by("http", pieces, tls, connect) as transport:
        hook = partial(time.sleep, ALLOWED * 1.5)
        assert transport.sending_once(hook).request("POST", "/x").body == {}
