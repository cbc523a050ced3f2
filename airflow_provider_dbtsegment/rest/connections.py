"""Connections that report the first byte of a request, and keep its deadline."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, LineTooLong, NotConnected
from typing import TYPE_CHECKING, Any, cast

import requests
import urllib3.connection
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from airflow_provider_dbtsegment.exceptions import ConfigurationError

if TYPE_CHECKING:
    from typing_extensions import Buffer
    from urllib3.connectionpool import HTTPConnectionPool

    _Connection = HTTPConnection
else:
    _Connection = object

#: Bytes of a status line and headers, with those of all interim responses before it.
MAX_HEAD = 256 * 1024
#: Bytes of one line: a header, or the size of a chunk.
MAX_LINE = 64 * 1024
#: So many bytes of a download must arrive within the time that a whole response may take.
PROGRESS = 256 * 1024
#: Bytes that are written before the deadline is looked at again.
_WRITTEN_AT_ONCE = 16 * 1024


class HookFailed(BaseException):
    """
    Carries what a hook raised through urllib3 and requests, which would swallow or wrap it.

    :param error: What it raised.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class DeadlineError(TimeoutError):
    """The deadline of a request has passed."""


@dataclass
class Exchange:
    """
    One request and its response; all times in seconds.

    :param until: The deadline, by the monotonic clock.
    :param allowed: How long a response, or `PROGRESS` bytes of a download, may take.
    :param connect_timeout: For one step of establishing a connection.
    :param read_timeout: Without any byte written or read.
    :param once: Whether it is sent on a new connection, which is closed after the response.
    :param before_first_byte: Called when the connection, its TLS and its tunnel are established,
        directly before the first byte of the request is written. What it raises keeps the request
        from being sent.
    """

    until: float
    allowed: float
    connect_timeout: float
    read_timeout: float
    once: bool = False
    before_first_byte: Callable[[], None] | None = None
    #: Proof that no byte of the request has been written, which only the connections of this module
    #: give and withdraw.
    is_unsent: bool = False
    #: Whether a pool was found for the request, so that it may have been written if it is not
    #: proven that it was not.
    has_pool: bool = False

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this the request that connections write in this context."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def begin(self) -> None:
        """Call the hook, whose time does not count, and withdraw the proof."""
        if self.before_first_byte is not None:
            began = time.monotonic()
            try:
                self.before_first_byte()
            except BaseException as error:
                raise HookFailed(error) from None
            self.until += time.monotonic() - began
        self.is_unsent = False

    def left(self) -> float:
        """
        Return the seconds before the deadline.

        :raises DeadlineError: When it has passed.
        """
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise DeadlineError(f"it took longer than {self.allowed:g} s")
        return seconds

    def patience(self, *, is_connecting: bool) -> float:
        """Return the seconds that one wait on a socket may take."""
        return min(self.connect_timeout if is_connecting else self.read_timeout, self.left())

    def hurry(self) -> None:
        """Allow what follows no more time than one wait."""
        self.until = min(self.until, time.monotonic() + self.read_timeout)

    def paced(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """
        Yield the pieces of a download, which may take as long as it makes progress.

        The time of whoever takes them does not count.
        """
        left, due = self.allowed, PROGRESS
        while True:
            began = time.monotonic()
            self.until = began + left
            piece = next(pieces, None)
            if piece is None:
                return
            left, due = left - (time.monotonic() - began), due - len(piece)
            if due <= 0:
                left, due = self.allowed, PROGRESS
            yield piece


_current: ContextVar[Exchange] = ContextVar("exchange")


def exchange_of(response: requests.Response) -> Exchange:
    """Return the exchange that a response belongs to."""
    return cast("Exchange", response.exchange)  # type: ignore[attr-defined]


class Adapter(HTTPAdapter):
    """Gives every pool, whatever it leads through, connections that heed the exchange."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """Return the pool for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        exchange = _current.get()
        exchange.has_pool = True
        # Where something else has replaced the connections of urllib3, nothing can be proven.
        if getattr(pool.ConnectionCls, "send", None) is HTTPConnection.send:
            pool.ConnectionCls = _heeding(pool.ConnectionCls)
        if issubclass(pool.ConnectionCls, _Heeding):
            exchange.is_unsent = True
        elif exchange.once:
            raise ConfigurationError(
                "Something in this process has replaced the connections of urllib3, so that no "
                "request can be sent exactly once. Remove it."
            )
        return cast("HTTPConnectionPool", pool)


class _Heeding(_Connection):
    """
    Reports to the current exchange, and heeds its deadline; mixed into urllib3's connections.

    Every wait on the socket is told how long it may take; CPython's TLS keeps that for a whole
    record. Left out are the look-up of a name and the few bytes of a SOCKS handshake, which have
    limits of their own.
    """

    #: Whether what is written and read belongs to the tunnel through a proxy.
    _is_connecting = False
    #: Whether it looks up the name itself; SOCKS leaves that to the proxy.
    _looks_up = False
    _exchange: Exchange
    timeout: float | None
    _dns_host: str

    def connect(self) -> None:
        """Connect, with tunnel and TLS where there are any."""
        self._exchange = _current.get()
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def _new_conn(self) -> socket.socket:
        """Connect to one address after the other; each gets a share of the time that is left."""
        make: Callable[[], socket.socket] = super()._new_conn  # type: ignore[misc]
        name, failed = self._dns_host, None
        for count, address in self._addresses():
            self._dns_host = address
            self.timeout = min(self._exchange.connect_timeout, self._exchange.left() / count)
            try:
                made = make()
            except (ConnectTimeoutError, NewConnectionError) as error:
                failed = error
                continue
            finally:
                self._dns_host = name
            made.settimeout(self._patience())  # for the handshake of TLS
            return made
        raise failed or NewConnectionError(cast("Any", self), "the name has no address")

    def _addresses(self) -> Iterator[tuple[int, str]]:
        """Yield addresses of the host, and before each how many are left."""
        found = [self._dns_host]
        if self._looks_up:
            try:
                infos = socket.getaddrinfo(
                    self._dns_host.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM
                )
                found = list(dict.fromkeys(_address(info[4]) for info in infos))
            except (OSError, UnicodeError):
                pass  # what is wrong with the name is said where it is used
        for at, address in enumerate(found):
            yield len(found) - at, address

    def _connect_tls_proxy(self, *args: Any, **kwargs: Any) -> Any:
        """Shake hands with an ``https://`` proxy, in whose TLS there may be another one."""
        outer = super()._connect_tls_proxy(*args, **kwargs)  # type: ignore[misc]
        receive = outer.recv

        def recv(*args: Any) -> bytes:
            # The inner TLS may ask for many pieces before it has a byte for us.
            outer.settimeout(self._patience())
            return cast("bytes", receive(*args))

        outer.recv = recv
        return outer

    def _patience(self) -> float:
        return self._exchange.patience(is_connecting=self._is_connecting)

    def send(self, data: Any) -> None:
        """Write, and report it before."""
        if not self._is_connecting:
            self._exchange = exchange = _current.get()
            if exchange.is_unsent:
                if self.sock is None:
                    self.connect()
                exchange.begin()
            elif self.sock is None:
                raise NotConnected  # the rest of a request never goes to another connection
        step = _WRITTEN_AT_ONCE if isinstance(data, bytes) else None
        for at in range(0, len(data), step) if step else (0,):
            self.sock.settimeout(self._patience())
            super().send(data[at : at + step] if step else data)

    def response_class(  # type: ignore[override]
        self, sock: Any, *args: Any, **kwargs: Any
    ) -> HTTPResponse:
        """Return what reads the response."""
        patience = partial(self._exchange.patience, is_connecting=self._is_connecting)
        closes = self._exchange.once and not self._is_connecting
        return _Response(_Input(sock, patience), closes, *args, **kwargs)


class _Response(HTTPResponse):
    """
    Reads a response.

    :param received: Where from.
    :param closes: Whether the connection is not used again.
    """

    def __init__(self, received: _Input, closes: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(cast("Any", received), *args, **kwargs)
        self._received = received
        self._closes = closes

    def begin(self) -> None:
        """Read the status and the headers."""
        super().begin()
        self._received.head_left = None
        self.will_close = self.will_close or self._closes


class _Input(io.RawIOBase):
    """
    What comes over a socket, waited for no longer than it may take.

    :param sock: The socket, which may be one of TLS.
    :param patience: Returns the seconds that the next wait may take.
    """

    def __init__(self, sock: Any, patience: Callable[[], float]) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", 0)
        self._patience = patience
        #: Bytes that may still come before the headers end; `None` after that.
        self.head_left: int | None = MAX_HEAD

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return this as a file, as which `HTTPResponse` wants it."""
        return _Lines(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        self._sock.settimeout(self._patience())
        try:
            size = cast("int | None", self._file.readinto(buffer))
        except TimeoutError:
            self._patience()  # says so if it was the deadline that has passed
            raise
        if self.head_left is not None:
            self.head_left -= size or 0
            if self.head_left < 0:
                raise HTTPException(f"more than {MAX_HEAD // 1024} KB of headers")
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


class _Lines(io.BufferedReader):
    """Reads lines of a limited length; urllib3 sets no limit in some of its versions."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise LineTooLong("line")
        return line


def _address(sockaddr: tuple[Any, ...]) -> str:
    """Return the address of a host, with its scope if it needs one."""
    _, _, _, scope = (*sockaddr, 0, 0)[:4]
    return f"{sockaddr[0].partition('%')[0]}%{scope}" if scope else str(sockaddr[0])


@cache
def _heeding(connection: type[HTTPConnection]) -> type[HTTPConnection]:
    """Return a class of connections that heed the exchange."""
    made: Any = getattr(connection, "_new_conn", None)
    looks_up = made is urllib3.connection.HTTPConnection._new_conn
    name = f"Heeding{connection.__name__}"
    return type(name, (_Heeding, connection), {"_looks_up": looks_up})
