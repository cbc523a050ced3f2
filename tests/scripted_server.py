"""A server on a real socket that answers as it is told, request by request."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


@dataclass
class Reply:
    """
    One answer.

    :param drip: Seconds before each byte of the body.
    :param cut: Send so many bytes of the body and then close, in spite of the promised length.
    :param drop: Close the connection instead of answering: ``close`` politely, ``reset`` rudely.
    :param delay: Seconds before the answer.
    :param reason: What follows the status, instead of its usual name.
    """

    status: int = 200
    body: bytes | str = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0
    cut: int | None = None
    drop: str | None = None
    delay: float = 0.0
    reason: str = ""


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Replies in order; the last one is repeated."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply()]
        self.received: list[Received] = []
        self.connections = 0
        self.url = ""

    def script(self, *replies: Reply) -> None:
        """Say how the next requests are answered."""
        self.replies = list(replies)
        self.received.clear()

    def reply_to(self, request: Received) -> Reply:
        """Return the answer to a request; where several come at once, they are told apart here."""
        return self.next_reply()

    def next_reply(self) -> Reply:
        """Return the reply whose turn it is."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: ScriptedServer

    def setup(self) -> None:
        super().setup()
        self.script.connections += 1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        received = Received(self.command, self.path, dict(self.headers), body)
        self.script.received.append(received)
        reply = self.script.reply_to(received)
        if reply.delay:
            time.sleep(reply.delay)
        if reply.drop:
            self._drop(reply.drop)
            return
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        self.send_response(reply.status, reply.reason or None)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.drip:
            for position in range(len(content)):
                time.sleep(reply.drip)
                self.wfile.write(content[position : position + 1])
                self.wfile.flush()
        else:
            self.wfile.write(content[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _drop(self, how: str) -> None:
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


S = TypeVar("S", bound=ScriptedServer)


@contextmanager
def scripted_server(tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a scripted server on a free port."""
    with serving(ScriptedServer(), tls) as server:
        yield server


@contextmanager
def serving(script: S, tls: ssl.SSLContext | None = None) -> Iterator[S]:
    """Run a server on a free port, with a script of its own kind."""
    handler = type("Handler", (_Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}"
    if tls is not None:  # the handshake is left to the thread of the connection
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        script.url = script.url.replace("http://", "https://")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
