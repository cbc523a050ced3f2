"""What the clients of all services share: settings, and one transport opened at first use."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.rest.answers import Explanation
from airflow_provider_dbtsegment.rest.budget import Budget, shared_budget
from airflow_provider_dbtsegment.rest.transport import Transport, TransportSettings


@dataclass(frozen=True)
class ClientSettings:
    """
    A service and the way to it.

    :param share: Which part of the service's limits of requests this process may use, up to 1.
    """

    transport: TransportSettings
    share: float = 1.0


S = TypeVar("S", bound=ClientSettings)
C = TypeVar("C", bound="RestClient[Any]")


class RestClient(Generic[S]):
    """
    Speak to a service. Safe to use from several threads.

    :param settings: Where, and as whom.
    """

    #: When the settings were replaced last, by the monotonic clock.
    renewed_at = -math.inf

    def __init__(self, settings: S | None) -> None:
        self._settings = settings
        self._transport: Transport | None = None
        self._lock = threading.Lock()

    @staticmethod
    def explain(body: Any) -> Explanation:
        """Read an error body of the service."""
        raise NotImplementedError

    @property
    def settings(self) -> S:
        """Where, and as whom."""
        if self._settings is None:
            raise ConfigurationError("The connection has not been read yet.")
        return self._settings

    @property
    def transport(self) -> Transport:
        """The one session of this object, opened at first use."""
        with self._lock:
            # Read here: a token that is replaced meanwhile must not come back with the old one.
            settings = self.settings
            if self._transport is None:
                self._transport = Transport(settings.transport, self.explain)
            return self._transport

    def renew(self) -> bool:
        """Read the settings again where they come from, and return whether they have changed."""
        return False

    def hurried(self: C, seconds: float) -> C:
        """Return the same client, on the same connections, that asks once and not for long."""
        return self._through(self.transport.hurried(seconds))

    def sending_once(self: C, before_first_byte: Callable[[], None] | None = None) -> C:
        """
        Return the same client, whose requests are each sent at most once.

        See :meth:`.Transport.sending_once`.
        """
        return self._through(self.transport.sending_once(before_first_byte))

    def _through(self: C, transport: Transport) -> C:
        """Return the same client with another transport."""
        other = copy(self)
        other._transport = transport
        return other

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _mask_secret(self, text: str) -> None:
        """Keep a secret that an answer shows out of the logs, where there is a way to do so."""

    def _where(self, method: str, path: str) -> dict[str, str]:
        """Return what a message says of a request."""
        return {"method": method, "url": self.settings.transport.base_url + path}

    def _budget(self, endpoint: str, per_minute: int) -> Budget:
        """Return what everybody in this process who uses this token may ask of an endpoint."""
        reach, share = self.settings.transport, self.settings.share
        return shared_budget(reach.base_url, reach.auth.digest, endpoint, per_minute, share)
