"""Connections that an app can break: uvicorn's protocol, handed to the app with each request."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_PROTOCOL = "sandbox.protocol"
# To linger for no time at all: what is not sent yet is lost, and the other side is sent a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """Puts itself into the state of each request of the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Prepare the state of the requests to come."""
        self.app_state = {**self.app_state, _PROTOCOL: self}
        super().connection_made(transport)


def transport_of(scope: Mapping[str, Any]) -> asyncio.Transport:
    """Return the transport that a request came by."""
    transport: asyncio.Transport = scope["state"][_PROTOCOL].transport
    return transport


def unread(scope: Mapping[str, Any]) -> bytes | None:
    """Return the rest of the body of a client that is gone; None when it left before the end."""
    cycle = scope["state"][_PROTOCOL].cycle
    return None if cycle.more_body else bytes(cycle.body)


def reset(transport: asyncio.Transport) -> None:
    """End the connection with a TCP reset, if it is still there."""
    if transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
