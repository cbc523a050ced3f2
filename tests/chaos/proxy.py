"""A forward proxy, as companies put one between Airflow and the internet."""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: The only name of the services that a client behind the proxy knows; no resolver does.
HOST = "services.example"
LOOPBACK = "127.0.0.1"
_HEAD_END = b"\r\n\r\n"
_LIMIT = 65536
_NO_LINGER = struct.pack("ii", 1, 0)


@contextmanager
def forward_proxy(port: int) -> Iterator[str]:
    """
    Run a proxy in threads of this process and give its URL.

    It understands CONNECT and requests with absolute addresses, and leads all of them to one port
    of this machine. How a connection ends on one side, by FIN or by RST, it ends on the other.

    :param port: Where the services listen.
    """
    listener = socket.create_server((LOOPBACK, 0))
    thread = threading.Thread(target=_accept, args=(listener, port), daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        # Wakes the thread, which a plain close would not.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(client, port), daemon=True).start()


def _serve(client: socket.socket, port: int) -> None:
    with client:
        head = _read_head(client)
        if not head:
            return
        with socket.create_connection((LOOPBACK, port)) as service:
            is_plain = not head.startswith(b"CONNECT ")
            if is_plain:
                service.sendall(_origin_form(head))
            else:
                client.sendall(b"HTTP/1.1 200 Connection established" + _HEAD_END)
            _relay(client, service, is_plain)


def _read_head(client: socket.socket) -> bytes:
    head = b""
    while _HEAD_END not in head and len(head) < _LIMIT:
        try:
            piece = client.recv(_LIMIT)
        except OSError:
            return b""
        if not piece:
            return b""
        head += piece
    return head


def _origin_form(data: bytes) -> bytes:
    """Return requests whose addresses were absolute as the service expects them."""
    return re.sub(rb"^([A-Z]+) http://[^/ ]+", rb"\1 ", data)


def _relay(client: socket.socket, service: socket.socket, is_plain: bool) -> None:
    """Pass on what comes from either side until one ends, and end the other likewise."""
    while True:
        ready, _, _ = select.select([client, service], [], [])
        for source in ready:
            target = service if source is client else client
            try:
                data = source.recv(_LIMIT)
            except OSError:
                # Closed without lingering, a connection is reset.
                target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                return
            if not data:
                return
            with suppress(OSError):
                target.sendall(_origin_form(data) if is_plain and source is client else data)
