"""A server on a real socket that answers every request with the same bytes, whatever they are."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class RawServer:
    """
    Sends bytes and closes.

    :ivar get: The answer to requests that read.
    :ivar post: The answer to requests that start something.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.get = b""
        self.post = b""
        self.posts = 0
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._listener = listener

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            received = b""
            while b"\r\n\r\n" not in received:
                piece = connection.recv(65536)
                if not piece:
                    return
                received += piece
            head, _, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            while length and len(body) < int(length[1]):
                body += connection.recv(65536)
            is_post = head.startswith(b"POST")
            self.posts += is_post
            connection.sendall(self.post if is_post else self.get)
            # Closed while the client still says something, the connection would be reset.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


@contextmanager
def raw_server() -> Iterator[RawServer]:
    """Run a raw server on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = RawServer(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing alone does not wake up who waits in accept.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(5)
