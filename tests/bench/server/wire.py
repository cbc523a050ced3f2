"""HTTP/1.1 on a socket, as little of it as both providers' clients speak, and fast."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl, urlsplit

#: Seconds from a request to its answer.
LATENCY = 0.08


@dataclass(frozen=True)
class Request:
    """
    What was asked.

    :param at: As of when it is answered: half of the latency after it came.
    :param token: Without the word before it.
    :param first: Whether it is the first one of its connection.
    """

    path: str
    query: dict[str, str]
    token: str
    at: float
    first: bool


@dataclass(frozen=True)
class Reply:
    """
    What is answered.

    :param length: Of a body that comes in pieces.
    """

    body: bytes | Iterable[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class Wire(asyncio.Protocol):
    """One connection: requests come one after the other, each is answered after the latency."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._coming = b""
        self._transport: asyncio.Transport | None = None
        self._first = True
        self._pieces: Iterator[bytes] | None = None
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._coming += data
        while (end := self._coming.find(b"\r\n\r\n")) >= 0:
            head, self._coming = self._coming[:end], self._coming[end + 4 :]
            reply = self._answer(self._read(head.decode("latin-1")))
            asyncio.get_running_loop().call_later(LATENCY, self._send, reply)

    def _read(self, head: str) -> Request:
        first_line, *lines = head.split("\r\n")
        target = urlsplit(first_line.split(" ")[1])
        token = ""
        for line in lines:
            if line[:14].lower() == "authorization:":
                token = line[14:].split()[-1]
        first, self._first = self._first, False
        at = time.time() + LATENCY / 2
        return Request(target.path, dict(parse_qsl(target.query)), token, at, first)

    def _send(self, reply: Reply) -> None:
        if self._transport is None:
            return
        body, pieces = (reply.body, None) if isinstance(reply.body, bytes) else (b"", reply.body)
        headers = {
            "Date": formatdate(usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(body) if reply.length is None else reply.length),
            **reply.headers,
        }
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode()
        self._transport.write(head + body)
        if pieces is not None:
            self._pieces = iter(pieces)
            self._pump()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._pump()

    def _pump(self) -> None:
        """Send pieces until the other side cannot take more."""
        while self._pieces is not None and self._transport is not None and not self._full:
            piece = next(self._pieces, None)
            if piece is None:
                self._pieces = None
            else:
                self._transport.write(piece)
