"""What is parsed in memory has a limit, however small it is on the wire."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    InvalidRequestError,
    RequestError,
)
from airflow_provider_dbtsegment.rest import answers
from airflow_provider_dbtsegment.rest.transport import Transport
from tests.scripted_server import Reply, ScriptedServer

MB = 1024 * 1024
GZIP = {"Content-Encoding": "gzip"}


def zipped(begin: bytes, size: int, end: bytes = b"", fill: bytes = b"a") -> bytes:
    """Zip a text of so many bytes without holding it."""
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [press.compress(begin), *(press.compress(fill * MB) for _ in range(size // MB))]
    return b"".join([*parts, press.compress(end), press.flush()])


def peak(call: Callable[[], object]) -> int:
    """Return the most bytes that are held meanwhile."""
    tracemalloc.start()
    try:
        with pytest.raises(RequestError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, zipped(b'"', 1024 * MB), GZIP),
        Reply(200, zipped(b'{"data": [', 200 * MB, fill=b" "), GZIP),
        Reply(500, zipped(b'{"message": "', 1024 * MB), GZIP),
        Reply(429, zipped(b'"', 1024 * MB), GZIP),
    ],
    ids=["text", "blanks", "error", "rate limit"],
)
def test_a_small_body_that_becomes_a_large_one_is_not_held(
    reply: Reply, connect: Callable[..., Transport], server: ScriptedServer
) -> None:
    server.script(reply)
    transport = connect(max_attempts=1)
    assert peak(lambda: transport.request("GET", "/x")) < answers.MAX_BODY + 40 * MB


def test_the_limit_is_said_and_the_request_may_have_happened(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(200, zipped(b'"', 65 * MB, b'"'), GZIP))
    with pytest.raises(AnswerLostError, match="larger than 64 MB when it is decompressed"):
        transport.request("POST", "/x")


@pytest.mark.parametrize("headers", [{}, GZIP])
def test_a_body_up_to_the_limit_is_read(
    headers: dict[str, str],
    transport: Transport,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_BODY", 1000)
    for size, fits in ((998, True), (999, False)):
        body = b'"' + b"x" * size + b'"'
        server.script(Reply(200, gzip.compress(body) if headers else body, headers))
        if fits:
            assert transport.request("POST", "/x").body == "x" * size
        else:
            with pytest.raises(AnswerLostError, match="larger than"):
                transport.request("POST", "/x")


def test_an_error_envelope_of_many_details_is_understood(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(422, '{"message": "No.", "details": "%s"}' % ("x" * 500_000)))
    with pytest.raises(InvalidRequestError, match=r"422 No\.$") as caught:
        transport.request("POST", "/x")
    assert caught.value.from_service


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "br", "zstd", "nonsense"])
def test_what_was_not_asked_for_is_not_decompressed(
    encoding: str, transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(200, gzip.compress(gzip.compress(b"{}")), {"Content-Encoding": encoding}))
    with pytest.raises(AnswerLostError, match="for which it was not asked"):
        transport.request("POST", "/x")


def test_a_download_may_be_of_any_size(transport: Transport, server: ScriptedServer) -> None:
    server.script(Reply(200, zipped(b"", 200 * MB), GZIP))

    class Counter(io.RawIOBase):
        count = 0

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            size = len(memoryview(data))  # type: ignore[arg-type]
            self.count += size
            return size

    counter = Counter()
    tracemalloc.start()
    try:
        transport.download("/x", counter)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()
    assert counter.count == 200 * MB


def test_a_body_that_breaks_off_is_no_answer_though_it_is_json(
    transport: Transport, server: ScriptedServer
) -> None:
    server.script(Reply(200, b"12345", cut=2))
    with pytest.raises(AnswerLostError, match="broke off after 2 of 5 bytes"):
        transport.request("POST", "/x")
