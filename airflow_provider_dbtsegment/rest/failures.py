"""Failures below HTTP: what the libraries raise, and what it says of the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http.client import HTTPException
from socket import gaierror

import requests
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ProxySchemeUnknown,
    ReadTimeoutError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    ConfigurationError,
    NotSentError,
)
from airflow_provider_dbtsegment.rest.connections import DeadlineError
from airflow_provider_dbtsegment.rest.urls import redact

#: Makes a text from outside fit for a message.
Mask = Callable[[str], str]

#: What the libraries raise when an answer is no HTTP, or its parts contradict each other.
BROKEN = (requests.RequestException, HTTPError, HTTPException, ValueError)
#: What quotes a URL, or a part of what cannot be written.
_QUOTING = (requests.RequestException, MaxRetryError, LocationValueError, UnicodeError)
#: Of what a library says, so much is shown.
_SHOWN = 200
#: OpenSSL's code before, and its place after what it says.
_OPENSSL = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")


def broken(problem: Exception, *, method: str, url: str, mask: Mask) -> AnswerLostError:
    """Return the error that a failure means if the request may have been sent."""
    return AnswerLostError(f"no answer ({_reason(problem, mask)})", method=method, url=url)


def not_sent(problem: Exception, *, method: str, url: str, mask: Mask) -> NotSentError:
    """Return the error that a failure means if no byte of the request was written."""
    text, causes = _reason(problem, mask), list(_causes(problem))
    if any("CERTIFICATE" in str(one).upper() for one in causes if isinstance(one, SSLError)):
        return NotSentError(
            f"the certificate is not trusted ({text}). Set REQUESTS_CA_BUNDLE if the host has a "
            "certificate of your own authority.",
            method=method,
            url=url,
            final=True,
            why="certificate",
        )
    if any(isinstance(one, ProxyError) or "Tunnel connection" in str(one) for one in causes):
        return NotSentError(f"the proxy refused ({text})", method=method, url=url, why="proxy")
    if any(isinstance(one, SSLError) for one in causes):
        return NotSentError(f"no TLS connection ({text})", method=method, url=url, why="tls")
    why = "name" if any(isinstance(one, gaierror) for one in causes) else ""
    return NotSentError(f"could not connect ({text})", method=method, url=url, why=why)


def unsendable(problem: Exception, url: str) -> ConfigurationError:
    """Return what is wrong with a URL or a proxy that no connection can be made for."""
    if isinstance(problem, requests.exceptions.InvalidSchema):  # such as a SOCKS proxy
        return ConfigurationError(
            f"Nothing can be sent to {url}: a SOCKS proxy needs the package requests[socks]."
        )
    proxy = (requests.exceptions.InvalidProxyURL, ProxySchemeUnknown)
    if any(isinstance(one, proxy) for one in _causes(problem)):
        return ConfigurationError(
            f"Nothing can be sent to {url}: the proxy is not a URL such as "
            "http://proxy.example.com:3128. Correct the proxy of the connection, or HTTPS_PROXY in "
            "Airflow's environment."
        )
    return ConfigurationError(
        f"{url} is not a URL that can be reached, or the proxy on the way is none."
    )


def lost(response: requests.Response, message: str, mask: Mask) -> AnswerLostError:
    """Return what is wrong with a response that cannot be made use of."""
    return AnswerLostError(message, **where_of(response, mask))


def where_of(response: requests.Response, mask: Mask) -> dict[str, str]:
    """Return what a message says of the request of a response."""
    return {"method": response.request.method or "GET", "url": mask(redact(response.url))}


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """Yield a failure and what it was made of, the innermost last."""
    left, seen = [problem], set()
    while left:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [*one.args, getattr(one, "reason", None), getattr(one, "original_error", None)]
        inner.append(one.__cause__)
        # Of these urllib3 1.26 names no cause. What others were raised beside may be the caller's.
        if isinstance(one, (NewConnectionError, ReadTimeoutError)):
            inner.append(one.__context__)
        left += [cause for cause in inner if isinstance(cause, BaseException)]


def _reason(problem: Exception, mask: Mask) -> str:
    """Return why it broke: in the words of the innermost cause, which quote no URL."""
    causes = list(_causes(problem))
    for one in causes:
        if isinstance(one, DeadlineError):
            return str(one)
    # A refused connection is one of urllib3's time-outs, too.
    late = [one for one in causes if isinstance(one, (TimeoutError, Urllib3TimeoutError))]
    if any(not isinstance(one, NewConnectionError) for one in late):
        return "timed out"
    inner = causes[-1]
    text = ""
    if not isinstance(inner, _QUOTING):
        text = _OPENSSL.sub("", str(getattr(inner, "strerror", None) or inner))
    text = mask(text)[:_SHOWN]
    return f"{type(inner).__name__}: {text}" if text else type(inner).__name__
