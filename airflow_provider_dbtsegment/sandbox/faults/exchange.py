"""One request, and the ways in which it can end.

How it ends is noted before the client can know.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_dbtsegment.sandbox.faults import wire
from airflow_provider_dbtsegment.sandbox.faults.faults import Faults
from airflow_provider_dbtsegment.sandbox.faults.reply import Headers, Reply
from airflow_provider_dbtsegment.sandbox.faults.requests import Ending

logger = logging.getLogger(__name__)

_CLOSE_SECONDS = 1.0
_GONE = "http.disconnect"


class Exchange:
    """What can be done with a request."""

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        ordinal: int,
        connection: tuple[Scope, Receive, Send],
        stopping: asyncio.Event,
    ) -> None:
        self._app = app
        self._faults = faults
        self._ordinal = ordinal
        self._scope, self._receive, self._send = connection
        self._stopping = stopping
        self._body = b""
        self._left: asyncio.Future[None] | None = None

    async def read(self) -> bool:
        """Read the whole body, and return whether it came."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == _GONE:
                self._end(Ending.GONE)
                rest = wire.unread(self._scope)
                self._body += rest or b""
                return rest is not None
            self._body += message.get("body", b"")
            more = message.get("more_body", False)
        return True

    def truncate(self, length: int) -> None:
        """Shorten each text in a JSON body, before the service is given it."""
        with suppress(ValueError):
            self._body = json.dumps(_truncated(json.loads(self._body), length)).encode()

    def note(self, **changes: Any) -> None:
        """Note what has become of the request."""
        self._faults.request_log.note(self._ordinal, **changes)

    async def process(self) -> Reply:
        """Let the service answer to us alone; a client that leaves meanwhile is no matter."""
        reply = Reply(500, (), b"")
        parts: list[bytes] = []

        async def take(message: Message) -> None:
            nonlocal reply
            if message["type"] == "http.response.start":
                reply = Reply(message["status"], tuple(message.get("headers", ())), b"")
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        self.note(processed=True)
        try:
            await self._app(self._scope, self._request(), take)
        except Exception:
            logger.exception("The sandbox failed to process a request")
        return Reply(reply.status, reply.headers, b"".join(parts))

    async def pass_on(self) -> None:
        """Let the service answer the client."""

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._end(Ending.ANSWERED, message["status"])
                message = {**message, "headers": self._dated(message.get("headers", ()))}
            await self._send(message)

        self.note(processed=True)
        await self._app(self._scope, self._request(), forward)

    async def answer(self, reply: Reply) -> None:
        """Send an answer."""
        self._end(Ending.ANSWERED, reply.status)
        await self._start(reply)
        await self._send({"type": "http.response.body", "body": reply.body})

    async def answer_slowly(self, reply: Reply, pause: float) -> None:
        """Send an answer whose body comes byte by byte, with pauses between them."""
        self._end(Ending.ANSWERED, reply.status)
        await self._start(reply)
        for byte in reply.body[:-1]:
            await self._send_part(bytes((byte,)))
            if not await self.wait(pause):
                return
        await self._send({"type": "http.response.body", "body": reply.body[-1:]})

    async def answer_half(self, reply: Reply) -> None:
        """Announce the whole body, send half of it, and close."""
        self._end(Ending.CUT, reply.status)
        await self._start(reply)
        await self._send_part(reply.body[: len(reply.body) // 2])
        await self._hang_up()

    async def close(self) -> None:
        """Close the connection without an answer."""
        self._end(Ending.CLOSED)
        await self._hang_up()

    async def reset(self) -> None:
        """Reset the connection without an answer."""
        self._end(Ending.RESET)
        wire.reset(wire.transport_of(self._scope))
        await self._is_gone_within(_CLOSE_SECONDS)

    async def wait(self, seconds: float) -> bool:
        """Wait, but not when the sandbox is to stop; return whether the client is still there."""
        left = self._leaving()
        stopping = asyncio.ensure_future(self._stopping.wait())
        ends: tuple[asyncio.Future[Any], ...] = (left, stopping)
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if left.done():
            self._end(Ending.GONE)
        return not left.done()

    def forget(self) -> None:
        """Watch the client no longer."""
        if self._left is not None:
            self._left.cancel()

    def _end(self, ending: Ending, status: int | None = None) -> None:
        """Note how the request ends; a client that has left will not know of it."""
        if wire.transport_of(self._scope).is_closing():
            ending, status = Ending.GONE, None
        self.note(ending=ending, status=status)

    async def _start(self, reply: Reply) -> None:
        length = (b"content-length", str(len(reply.body)).encode())
        kept = [header for header in reply.headers if header[0].lower() != b"content-length"]
        headers = self._dated([*kept, length] if reply.status not in (204, 304) else kept)
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )

    async def _send_part(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _hang_up(self) -> None:
        transport = wire.transport_of(self._scope)
        transport.close()
        if not await self._is_gone_within(_CLOSE_SECONDS):
            # Over TLS, the other side has been asked to say goodbye as well, and does not.
            transport.abort()
            await self._is_gone_within(_CLOSE_SECONDS)

    async def _is_gone_within(self, seconds: float) -> bool:
        left = self._leaving()
        await asyncio.wait({left}, timeout=seconds)
        return left.done()

    def _leaving(self) -> asyncio.Future[None]:
        if self._left is None:
            self._left = asyncio.ensure_future(self._until_gone())
        return self._left

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != _GONE:
            pass

    def _request(self) -> Receive:
        pending = [{"type": "http.request", "body": self._body, "more_body": False}]

        async def receive() -> Message:
            if pending:
                return pending.pop()
            await asyncio.Event().wait()  # until nobody wants to know any more
            return {"type": _GONE}

        return receive

    def _dated(self, headers: Headers | Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        found = list(headers)
        if any(name.lower() == b"date" for name, _ in found):
            return found
        return [(b"date", formatdate(self._faults.clock(), usegmt=True).encode()), *found]


def _truncated(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value[:length]
    if isinstance(value, list):
        return [_truncated(one, length) for one in value]
    if isinstance(value, dict):
        return {name: _truncated(one, length) for name, one in value.items()}
    return value
