"""Documents of any size are read in a little memory, and in a time that grows with them alone."""

from __future__ import annotations

import io
import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from functools import partial
from typing import Any

import ijson
import pytest

from airflow_provider_dbtsegment.dbt_cloud import documents
from airflow_provider_dbtsegment.dbt_cloud.documents import MAX_TEXT, UNREADABLE, entries

MB = 1024 * 1024
PIECE = 64 * 1024
#: What a text may consist of, in JSON.
KINDS = {
    "letters": b"x",
    "line breaks": rb"\n",
    "quotation marks": rb"\"",
    "backslashes": rb"\\",
    "quoted letters": rb"\u00e9",
    "whole characters": rb"\ud83d\ude00",
    "accents": "é".encode(),
    "digits": b"7",
}


@pytest.fixture(params=["yajl2_c", "python"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ijson's parsers that can be had everywhere."""
    try:
        parser = ijson.get_backend(request.param)
    except ImportError:
        pytest.skip(f"ijson has no {request.param} here")
    monkeypatch.setattr(documents.ijson, "basic_parse", parser.basic_parse)


class Coming(io.RawIOBase):
    """A file that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def results(kind: bytes, size: int, where: str = "message") -> Iterator[bytes]:
    """Return a document with one text of so many bytes among others."""
    piece = kind * (PIECE // len(kind))
    yield b'{"metadata": {}, "results": [{"unique_id": "a", "%s": "' % where.encode()
    for _ in range(size // len(piece)):
        yield piece
    yield b'", "status": "ok"}, {"unique_id": "b", "status": "error", "message": "no"}]}'


def read(pieces: Iterator[bytes], *fields: str) -> list[dict[str, Any]]:
    wanted = fields or ("unique_id", "status", "message")
    return [entry for _, entry in entries(io.BufferedReader(Coming(pieces)), "results", wanted)]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["message", "compiled_code"])
def test_the_time_for_a_long_text_grows_with_its_length(kind: str, where: str) -> None:
    def seconds(size: int) -> float:
        began = time.perf_counter()
        first, second = read(results(KINDS[kind], size, where))
        assert (first["unique_id"], first["status"]) == ("a", "ok")
        assert second == {"unique_id": "b", "status": "error", "message": "no"}
        return time.perf_counter() - began

    short = min(seconds(2 * MB) for _ in range(3))
    long = min(seconds(16 * MB) for _ in range(3))
    assert long < 8 * short * 4 + 0.1, "64 times as much if it grew with the square"


@pytest.mark.usefixtures("backend")
def test_a_long_text_is_not_held_in_memory() -> None:
    tracemalloc.start()
    try:
        read(results(b"x", 64 * MB))
        assert tracemalloc.get_traced_memory()[1] < 4 * MB
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_text_loses_its_middle(kind: str) -> None:
    (first, _) = read(results(KINDS[kind], 4 * MB))
    letter = json.loads(b'"' + KINDS[kind] + b'"')
    head, left_out, tail = first["message"].partition("…")
    assert left_out
    assert set(head + tail) == {letter}
    assert len(head) * len(KINDS[kind]) >= MAX_TEXT // 2


@pytest.mark.usefixtures("backend")
def test_texts_up_to_the_limit_are_whole() -> None:
    draw = random.Random(7)  # noqa: S311
    letters = ["x", '"', "\\", "\n", "é", "\U0001f600", "\t", "/", "7"]
    for _ in range(30):
        texts = [
            "".join(draw.choices(letters, k=draw.choice([0, 1, 100, 5000, 9000]))) for _ in "abcde"
        ]
        rows = [{"unique_id": str(at), "message": text} for at, text in enumerate(texts)]
        for ascii_only in (True, False):
            body = json.dumps({"results": rows}, ensure_ascii=ascii_only).encode()
            assert read(iter([body])) == rows


@pytest.mark.usefixtures("backend")
def test_wherever_a_document_is_cut_it_is_read_alike() -> None:
    message = 'a"b\\c\\"d\\\\\né\U0001f600\x1b[31mred\x1b[0m\ud800\x00' * 3
    body = json.dumps({"results": [{"unique_id": "a", "message": message}]}).encode()
    for size in range(1, 40):
        reader = documents._Reader(io.BytesIO(body))
        (entry,) = json.loads(b"".join(iter(partial(reader.read, size), b"")))["results"]
        assert entry["message"] == 'a"b\\c\\"d\\\\\né\U0001f600red\ufffd\ufffd' * 3


@pytest.mark.usefixtures("backend")
def test_what_cannot_be_stored_is_replaced() -> None:
    odd = rb'"message": "\u001b[31mred\u001b[0m\n\u0007\ud800", "status": "\u007f"'
    (entry,) = read(iter([b'{"results": [{"unique_id": "a\\u0000b", ' + odd + b"}]}"]))
    assert entry["unique_id"] == "a\ufffdb"
    assert entry["message"] == "red\n\ufffd\ufffd"
    assert entry["status"] == "\ufffd"


@pytest.mark.usefixtures("backend")
def test_a_number_of_too_many_digits_is_refused_but_a_text_of_digits_is_not() -> None:
    digits = "7" * 5000
    assert read(iter([b'{"results": [{"message": "%s"}]}' % digits.encode()])) == [
        {"message": digits}
    ]
    for at in range(0, PIECE * 2, PIECE // 3):
        body = b'{"x": "%s", "results": [{"message": %s}]}' % (b"y" * at, digits.encode())
        with pytest.raises(UNREADABLE):
            read(iter([body]))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "body", [b'{"results": [{"message": "' + b"x" * 9 * MB, b'{"results": [{"message": "x\\']
)
def test_a_document_that_breaks_off_in_a_text_is_unreadable(body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        read(iter([body]))
