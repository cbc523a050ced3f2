"""A real forward proxy on a free port: absolute addresses, CONNECT, TLS and a password."""

from __future__ import annotations

import base64
import re
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HEAD = re.compile(rb"(\w+) (?:http://[^/ ]+)?(\S+) HTTP/1\.[01]\r\n")


@dataclass
class ProxyServer:
    """
    Leads every name to one port of this machine.

    :ivar refuse: The status line with which it answers instead, such as ``407 Who are you``.
    :ivar hang_up: Close the client's connection when its request has been read.
    :ivar credentials: ``user:password`` that it wants.
    """

    port: int
    tls: ssl.SSLContext | None = None
    refuse: str = ""
    hang_up: bool = False
    credentials: str = ""
    url: str = ""
    #: The first lines of what it was asked.
    asked: list[str] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        """Answer one connection."""
        if self.tls is not None:
            client = self.tls.wrap_socket(client, server_side=True)
        with client:
            head = read_request(client)
            if not head:
                return
            self.asked.append(head.split(b"\r\n")[0].decode())
            wanted = base64.b64encode(self.credentials.encode())
            if self.credentials and b"Proxy-Authorization: Basic " + wanted + b"\r\n" not in head:
                self._say(client, "407 Proxy Authentication Required")
            elif self.refuse:
                self._say(client, self.refuse)
            elif not self.hang_up:
                self._relay(client, head)

    def _say(self, client: socket.socket, status: str) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    def _relay(self, client: socket.socket, head: bytes) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            if head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(HEAD.sub(rb"\1 \2 HTTP/1.1\r\n", head, count=1))
            sides = {client: server, server: client}
            while True:
                waiting = isinstance(client, ssl.SSLSocket) and client.pending()
                ready = [client] if waiting else select.select(list(sides), [], [], 30)[0]
                for side in ready:
                    try:
                        data = side.recv(65536)
                    except ConnectionResetError:
                        _reset_when_closed(sides[side])
                        return
                    if not data:
                        return
                    sides[side].sendall(data)


def read_request(client: socket.socket) -> bytes:
    """Read one request with its body: what is not read when a connection closes resets it."""
    request = b""
    while (end := request.find(b"\r\n\r\n")) < 0 or len(request) < end + 4 + _length(request):
        piece = client.recv(65536)
        if not piece:
            return b""
        request += piece
    return request


def _length(request: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", request)
    return int(found[1]) if found else 0


def _reset_when_closed(side: socket.socket) -> None:
    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def proxy_server(port: int, tls: ssl.SSLContext | None = None) -> Iterator[ProxyServer]:
    """Run a proxy to a port; with TLS it is an ``https://`` proxy."""
    proxy = ProxyServer(port, tls)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.url = f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"

        def serve(client: socket.socket) -> None:
            with suppress(OSError):
                proxy.serve(client)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield proxy
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()
