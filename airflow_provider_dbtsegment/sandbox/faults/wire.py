"""Connections that an app can break: uvicorn's protocol, with its transport handed to the app."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "sandbox.transport"
# To linger for no time at all: what is not sent yet is lost, and the other side is sent a reset.
_NO_LINGER = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """Puts the transport into the state of each request of the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport for the requests to come."""
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)


def transport_of(scope: Mapping[str, Any]) -> asyncio.Transport:
    """Return the transport that a request came by."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    return transport


def reset(transport: asyncio.Transport) -> None:
    """End the connection with a TCP reset."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
