"""What is wrong with a connection, in words that say what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    DbtSegmentError,
    NotSentError,
    RateLimitedError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.rest.urls import redact


@dataclass(frozen=True)
class Advice:
    """
    What to do where a service is not reached.

    :param service: Its name.
    :param if_unreached: What to do about a wrong host.
    :param if_refused: What to do about a refused token.
    """

    service: str
    if_unreached: str
    if_refused: str

    def about(self, error: DbtSegmentError, reach: TransportSettings) -> str:
        """Return what is wrong and what to do, without secrets."""
        if isinstance(error, NotSentError):
            return self._not_reached(error, reach)
        if not isinstance(error, RequestError):
            return str(error)
        url, reason = reach.base_url + _through(reach), reason_of(error)
        if isinstance(error, AuthError):
            return f"{url} refuses the token ({reason}). {self.if_refused}"
        if isinstance(error, RateLimitedError):
            return f"{self.service} takes no more requests for now ({reason}). Test again later."
        if isinstance(error, ServerError):
            return f"{url} was reached, but fails ({reason}). Test again later. {self.if_unreached}"
        if isinstance(error, AnswerLostError):
            proxy = f" {_PROXY}" if reach.proxy else ""
            return f"{url} gives no answer of {self.service} ({reason}). {self.if_unreached}{proxy}"
        return f"{url} does not answer as {self.service} does ({reason}). {self.if_unreached}"

    def silence(self, seconds: float, reach: TransportSettings) -> str:
        """Return what to do when nothing at all is heard for so long."""
        return (
            f"Nothing was heard of {reach.base_url}{_through(reach)} within {seconds:g} s. "
            f"{self.if_unreached} {_network(reach)}"
        )

    def _not_reached(self, error: NotSentError, reach: TransportSettings) -> str:
        reason = reason_of(error)
        if error.why == "proxy":
            return f"There is no way to {reach.base_url}{_through(reach)}: {reason}. {_PROXY}"
        if error.why == "certificate":
            return f"{reach.base_url}: {reason}."
        if error.why == "tls":
            return (
                f"{reach.base_url}{_through(reach)} does not speak TLS: {reason}. "
                f"{self.if_unreached}"
            )
        if error.why == "name":
            return (
                f"The name in {reach.base_url}{_through(reach)} is not known ({reason}). "
                f"{self.if_unreached} {_network(reach)}"
            )
        return (
            f"{reach.base_url}{_through(reach)} cannot be reached: {reason}. "
            f"{self.if_unreached} {_network(reach)}"
        )


_PROXY = "Correct the proxy of the connection, or HTTPS_PROXY in Airflow's environment."


def reason_of(error: RequestError) -> str:
    """Return an error's message without the request, in the words of the service if it has any."""
    return str(error).removeprefix(f"{error.method} {error.url}: ").rstrip(".")


def _through(reach: TransportSettings) -> str:
    return f" through the proxy {redact(reach.proxy)}" if reach.proxy else ""


def _network(reach: TransportSettings) -> str:
    if reach.proxy:
        return f"If it is right, the fault is on the way. {_PROXY}"
    return "If it is right, Airflow's machine has no way there: a firewall, or a proxy is needed."
