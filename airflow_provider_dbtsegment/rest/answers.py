"""What came back: a parsed answer, or the error that it means."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http.client import HTTPException
from json import dumps, loads
from socket import gaierror
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    TypeVar,
    cast,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import requests
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
    ProxySchemeUnknown,
    SSLError,
)

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    NotSentError,
    RateLimitedError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.rest.headers import http_date, seconds_in, some_seconds
from airflow_provider_dbtsegment.rest.secrets import hide_secrets
from airflow_provider_dbtsegment.rest.urls import redact, same_origin

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.rest.transport import TransportSettings

T = TypeVar("T")
Mask = Callable[[str], str]

#: What the libraries below raise when an answer is no HTTP, or its parts contradict each other.
BROKEN = (requests.RequestException, HTTPError, HTTPException, ValueError)
#: What they raise before anything is sent: a URL, or the one of a proxy, that cannot be used.
UNSENDABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    LocationValueError,
    ProxySchemeUnknown,
)

#: What reading an error body raises when it is not the envelope of the service.
OTHERWISE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
#: The redirects that say that the request was not processed but is to be sent elsewhere. After a
#: 302 it may have been: a login page in front of the service, or the page of the result.
MOVED = frozenset({301, 307, 308})

#: An answer is read in pieces of so many bytes.
CHUNK = 256 * 1024
#: Of a body that cannot be read, so much is shown.
EXCERPT = 200
#: An error page is read up to here; the reason stands at its beginning.
ERROR_BODY_BYTES = 64 * 1024


class Explanation(NamedTuple):
    """
    What an error body says.

    :ivar message: A sentence.
    :ivar retry_after: Seconds after which to send the request again, if it says so.
    :ivar from_service: Whether it is the service's own documented error envelope.
    """

    message: str = ""
    retry_after: float | None = None
    from_service: bool = True


#: Reads an error body that is JSON, in the way of one service; raises one of `OTHERWISE` if it is
#: not that service's envelope.
Explain = Callable[[Any], Explanation]


def shape(value: Any, kind: type[T], where: Mapping[str, str], needs: Sequence[str] = ()) -> T:
    """
    Return a part of an answer that has the expected shape.

    :param kind: What it must be: a class, or a `TypedDict`, whose required fields must be there
        and be whole numbers and texts as it says.
    :param where: The request, as ``method`` and ``url``.
    :param needs: Further fields that it must have.
    :raises AnswerLostError: When it has another; what was asked for may have happened all the same.
    """
    plain: type = dict if is_typeddict(kind) else get_origin(kind) or kind
    names = sorted({*getattr(kind, "__required_keys__", ()), *needs})
    fields: Any = value if isinstance(value, dict) else {}
    types = _types(cast("Any", kind)) if names else {}
    if isinstance(value, plain) and all(_is(fields.get(name), types.get(name)) for name in names):
        return cast("T", value)
    wanted = f"{plain.__name__} with {', '.join(names)}" if names else plain.__name__
    raise AnswerLostError(f"answered without the data that was asked for ({wanted})", **where)


@cache
def _types(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind) if is_typeddict(kind) else {}


def _is(value: Any, wanted: Any) -> bool:
    """Return whether a field is there, and is of its type where that is a plain one."""
    if wanted is int:
        return type(value) is int
    return bool(value) and isinstance(value, str) if wanted is str else value is not None


@dataclass(frozen=True)
class Answer:
    """A successful answer: the parsed JSON (`None` for an empty one) and the headers."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def server_time(self) -> datetime | None:
        """When the service answered, by its own clock, if it says so."""
        return http_date(self.headers.get("Date"))


def read(response: requests.Response, timeout: float, mask: Mask) -> Answer:
    """
    Read and parse a successful answer.

    :param timeout: Seconds for the whole body.
    :raises AnswerLostError: When it breaks off, drips on too long or is no JSON.
    """
    where = where_of(response)
    until = time.monotonic() + timeout
    content = bytearray()
    try:
        for piece in _pieces(response):
            content += piece
            if time.monotonic() > until:
                raise AnswerLostError(f"the answer took longer than {timeout:g} s", **where)
    except BROKEN as error:
        raise broken(error, mask=mask, **where) from None
    if not content:
        return Answer(response.status_code, None, response.headers)
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return Answer(response.status_code, _parsed(content), response.headers)
        except (ValueError, RecursionError):  # no JSON, a number of too many digits, too deep
            pass
    raise AnswerLostError(
        f"answered {response.status_code} with {kind or 'no content type'} that is not readable as "
        f"JSON: {excerpt(bytes(content), mask)}",
        **where,
    )


def _parsed(content: bytes | bytearray) -> Any:
    body = loads(content)
    if b"\\ud" not in content.lower():
        return body
    # Half a character outside the BMP can be parsed, but neither logged nor stored.
    return loads(dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield what has arrived, without waiting for more to arrive."""
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:  # urllib3 1.26
        yield from response.iter_content(1024)
        return
    while piece := read1(CHUNK, decode_content=True):
        yield piece


def error(
    response: requests.Response, explain: Explain, settings: TransportSettings
) -> RequestError:
    """Return the error that an unsuccessful answer means."""
    where = where_of(response)
    status = response.status_code
    mask = settings.auth.mask
    if response.is_redirect and status != 303:
        message = f"redirected to {_target(response)}"
        if status in MOVED:
            message = f"{message}; nothing was started"
        moved = InvalidRequestError(
            f"{message}. Correct the host of the connection.",
            **where,
            status=status,
            from_service=False,
        )
        moved.may_have_happened = status not in MOVED
        return moved
    if status < 400:
        return AnswerLostError(f"answered {status}, which says nothing of what was done", **where)
    content = _error_body(response, settings.read_timeout)
    try:
        explained = explain(loads(content))
    except OTHERWISE:
        explained = Explanation(from_service=False)
    message = mask(explained.message) or excerpt(content, mask) or (response.reason or "no reason")
    facts: dict[str, Any] = {**where, "status": status, "from_service": explained.from_service}
    if status == 429:
        asked = seconds_in(response.headers.get("Retry-After"))
        seconds = some_seconds(explained.retry_after) if asked is None else asked
        return RateLimitedError(message, **facts, retry_after=seconds)
    if status in (401, 403):
        # Another host, to which a download was sent on, has never seen the token.
        if settings.read_from and same_origin(response.url, settings.base_url):
            message = f"{message.rstrip('. ')}. Correct the token of {settings.read_from}, or "
            message += "what it is permitted to do."
        return AuthError(message, **facts)
    if status in (404, 410):
        return NotFoundError(message, **facts)
    if status == 408 or status >= 500:
        return ServerError(message, **facts)
    return InvalidRequestError(message, **facts)


def _target(response: requests.Response) -> str:
    """Return where an answer redirects to, for a message."""
    try:
        return redact(requests.compat.urljoin(response.url, response.headers["Location"]))
    except ValueError:
        return "something that is no address"


def _error_body(response: requests.Response, timeout: float) -> bytes:
    """Return as much of an error page as comes soon and is worth reading."""
    until = time.monotonic() + timeout
    content = bytearray()
    try:
        for piece in _pieces(response):
            content += piece
            if len(content) >= ERROR_BODY_BYTES or time.monotonic() > until:
                break
    except BROKEN:
        pass
    return bytes(content)


def broken(problem: Exception, *, method: str, url: str, mask: Mask) -> AnswerLostError:
    """Return the error that a failure below HTTP means if the request may have been sent."""
    return AnswerLostError(f"no answer ({_reason(problem, mask)})", method=method, url=url)


def not_sent(problem: Exception, *, method: str, url: str, mask: Mask) -> NotSentError:
    """Return the error that a failure below HTTP means if no byte of the request was written."""
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
    return ConfigurationError(f"{url} is not a URL that can be reached.")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """Yield a failure and what it was made of, from the outermost to the innermost."""
    left, seen = [problem], set()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, getattr(one, "original_error", None), getattr(one, "reason", None)]
        inner += one.args
        if isinstance(one, NewConnectionError):  # urllib3 1.26 names no cause
            inner.append(one.__context__)
        left += [cause for cause in inner if isinstance(cause, BaseException)]


def excerpt(content: bytes, mask: Mask) -> str:
    """Return the beginning of a body on one line."""
    # Masked before it is cut: half a token is still a secret.
    text = hide_secrets(mask(content[: EXCERPT * 8].decode("utf-8", "replace")))
    text = " ".join(text.split())
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def where_of(response: requests.Response) -> dict[str, str]:
    """Return what a message says of the request of a response."""
    return {"method": response.request.method or "GET", "url": redact(response.url)}


def _reason(problem: Exception, mask: Mask) -> str:
    """Return why it broke, without the query that urllib3 quotes in its own messages."""
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    inner = reason if isinstance(reason, Exception) else problem
    if isinstance(inner, requests.exceptions.Timeout):
        return "timed out"
    cause = inner.args[-1] if inner.args else inner
    if isinstance(cause, Exception) and cause.args:
        cause = cause.args[-1]
    # Masked before it is cut: half a secret is still one.
    text = mask(str(cause)).rsplit(": ", 1)[-1]
    return f"{type(inner).__name__}: {text}" if text else type(inner).__name__
