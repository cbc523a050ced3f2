"""An app on a real socket, served by a thread."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from airflow_provider_dbtsegment.sandbox.faults.wire import BreakableProtocol
from airflow_provider_dbtsegment.sandbox.tls import TlsFiles

START_SECONDS = 60.0
LAST_ANSWERS_SECONDS = 3


class ServerError(RuntimeError):
    """The server could not start."""


class _Server(uvicorn.Server):
    """Says when it listens, and when it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.settled.set()


@contextmanager
def serving(
    app: ASGIApp,
    host: str,
    port: int,
    tls: TlsFiles | None = None,
    *,
    breakable: bool = False,
) -> Iterator[str]:
    """Serve ``app`` for the length of the block, and give its URL.

    :param port: 0 picks a free one.
    :param breakable: let the app break its connections, and write the date into its answers.
    :raises ServerError: when the port is taken, or the app does not start.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
        http=BreakableProtocol if breakable else "auto",
        loop="asyncio" if breakable else "auto",
        date_header=not breakable,
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
    )
    server = _Server(config)
    thread = threading.Thread(
        target=server.run, args=([listener],), name="sandbox-server", daemon=True
    )
    thread.start()
    try:
        if not server.settled.wait(START_SECONDS) or not server.started:
            raise ServerError("The sandbox did not start; the log says why.")
        name = f"[{host}]" if ":" in host else host
        yield f"{'https' if tls else 'http'}://{name}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ServerError(
            f"Cannot listen on {host}:{port} ({error.strerror}). Give --port another number, or 0."
        ) from error
    return listener
