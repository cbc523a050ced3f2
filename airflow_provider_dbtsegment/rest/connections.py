"""Connections that report when the first byte of a request is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPResponse, NotConnected
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter

from airflow_provider_dbtsegment.exceptions import ConfigurationError

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

    _Connection = HTTPConnection
else:
    _Connection = object


class HookFailed(BaseException):
    """
    Carries what a hook raised through urllib3 and requests, which would swallow or wrap it.

    :param error: What it raised.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


@dataclass
class Exchange:
    """
    One request on its way to a service.

    :param once: Whether it is sent on a new connection, which is closed after the response.
    :param before_first_byte: Called when the connection, its TLS and its tunnel are established,
        directly before the first byte of the request is written. What it raises keeps the request
        from being sent.
    """

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
        """Call the hook, and withdraw the proof."""
        if self.before_first_byte is not None:
            try:
                self.before_first_byte()
            except BaseException as error:
                raise HookFailed(error) from None
        self.is_unsent = False


_current: ContextVar[Exchange] = ContextVar("exchange")


class Adapter(HTTPAdapter):
    """Gives every pool, whatever it leads through, connections that report to the exchange."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """Return the pool for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        exchange = _current.get()
        exchange.has_pool = True
        # Where something else has replaced the connections of urllib3, nothing can be proven.
        if getattr(pool.ConnectionCls, "send", None) is HTTPConnection.send:
            pool.ConnectionCls = _reporting(pool.ConnectionCls)
        if issubclass(pool.ConnectionCls, _Reporting):
            exchange.is_unsent = True
        elif exchange.once:
            raise ConfigurationError(
                "Something in this process has replaced the connections of urllib3, so that no "
                "request can be sent exactly once. Remove it."
            )
        return cast("HTTPConnectionPool", pool)


class _Reporting(_Connection):
    """Reports to the current exchange; mixed into the connections of urllib3."""

    #: Whether what is written belongs to the tunnel through a proxy.
    _is_connecting = False
    _exchange: Exchange

    def connect(self) -> None:
        """Connect, with tunnel and TLS where there are any."""
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

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
        super().send(data)

    def response_class(  # type: ignore[override]
        self, *args: Any, **kwargs: Any
    ) -> HTTPResponse:
        """Return what reads the response."""
        response = _Response(*args, **kwargs)
        response.closes = not self._is_connecting and self._exchange.once
        return response


class _Response(HTTPResponse):
    """Takes the connection along where it must not be used again."""

    closes = False

    def begin(self) -> None:
        """Read the status and the headers."""
        super().begin()
        self.will_close = self.will_close or self.closes


@cache
def _reporting(connection: type[HTTPConnection]) -> type[HTTPConnection]:
    """Return a class of connections that reports."""
    return type(f"Reporting{connection.__name__}", (_Reporting, connection), {})
