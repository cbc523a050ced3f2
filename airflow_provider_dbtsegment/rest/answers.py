"""What came back: a parsed answer, or the error that it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from json import detect_encoding, loads
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

from airflow_provider_dbtsegment.exceptions import (
    AnswerLostError,
    AuthError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    ServerError,
)
from airflow_provider_dbtsegment.rest.bodies import pieces_of
from airflow_provider_dbtsegment.rest.connections import exchange_of
from airflow_provider_dbtsegment.rest.failures import Mask, lost, where_of
from airflow_provider_dbtsegment.rest.headers import http_date, seconds_in, some_seconds
from airflow_provider_dbtsegment.rest.secrets import storable_json
from airflow_provider_dbtsegment.rest.urls import redact, same_origin

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.rest.transport import TransportSettings

T = TypeVar("T")

#: What reading an error body raises when it is not the envelope of the service.
OTHERWISE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
#: The redirects that say that the request was not processed but is to be sent elsewhere. After a
#: 302 it may have been: a login page in front of the service, or the page of the result.
MOVED = frozenset({301, 307, 308})

#: Bytes of an answer that is parsed in memory, after decompression.
MAX_BODY = 64 * 1024 * 1024
#: The same of an error page; what is longer is not parsed.
MAX_ERROR_BODY = 1024 * 1024
#: Of a body that cannot be read, so many characters are shown.
EXCERPT = 200


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


def read(response: requests.Response, mask: Mask) -> Answer:
    """
    Read and parse a successful answer.

    :raises AnswerLostError: When it breaks off, takes too long, is too large or is no JSON.
    """
    content = bytearray()
    for piece in pieces_of(response, mask, proves_end=False):
        content += piece
        if len(content) > MAX_BODY:
            message = f"the answer is larger than {MAX_BODY >> 20} MB when it is decompressed"
            raise lost(response, message, mask)
    if not content:
        return Answer(response.status_code, None, response.headers)
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return Answer(response.status_code, parsed(content), response.headers)
        except (ValueError, RecursionError):  # no JSON, a number of too many digits, too deep
            pass
    message = (
        f"answered {response.status_code} with {mask(kind) or 'no content type'} that is not "
        f"readable as JSON: {excerpt(bytes(content), mask)}"
    )
    raise lost(response, message, mask)


def parsed(content: bytes | bytearray) -> Any:
    """
    Return the value that JSON means, all texts in it fit to be stored and logged.

    See :func:`.secrets.storable`; what is no UTF-8 is replaced, too.

    :raises ValueError: When it is no JSON; `RecursionError` when it is too deep.
    """
    # Before it is parsed: the value may be large and deep, and its keys are texts as well.
    if (encoding := detect_encoding(content)) not in ("utf-8", "utf-8-sig"):
        content = content.decode(encoding, "replace").encode("utf-8", "replace")
    return loads(storable_json(content).decode("utf-8-sig", "replace"))


def error(
    response: requests.Response, explain: Explain, settings: TransportSettings
) -> RequestError:
    """Return the error that an unsuccessful answer means."""
    mask = settings.redaction()
    where = where_of(response, mask)
    status = response.status_code
    if response.is_redirect and status != 303:
        message = f"redirected to {_target(response, mask)}"
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
    content = _error_body(response, mask)
    # Another host, to which a download was sent on, has never seen the token.
    is_ours = same_origin(response.url, settings.base_url)
    try:
        explained = explain(parsed(content))
    except OTHERWISE:
        explained = Explanation(from_service=False)
    message = mask(explained.message) or excerpt(content, mask) or mask(response.reason or "")
    message = message or "no reason"
    facts: dict[str, Any] = {**where, "status": status}
    facts["from_service"] = explained.from_service and is_ours
    if status == 429:
        asked = seconds_in(response.headers.get("Retry-After"))
        seconds = some_seconds(explained.retry_after) if asked is None else asked
        return RateLimitedError(message, **facts, retry_after=seconds)
    if status in (401, 403):
        if settings.read_from and is_ours:
            message = f"{message.rstrip('. ')}. Correct the token of {settings.read_from}, or "
            message += "what it is permitted to do."
        return AuthError(message, **facts)
    if status in (404, 410):
        return NotFoundError(message, **facts)
    if status == 408 or status >= 500:
        return ServerError(message, **facts)
    return InvalidRequestError(message, **facts)


def _target(response: requests.Response, mask: Mask) -> str:
    """Return where an answer redirects to, for a message."""
    try:
        return mask(redact(requests.compat.urljoin(response.url, response.headers["Location"])))
    except ValueError:
        return "something that is no address"


def _error_body(response: requests.Response, mask: Mask) -> bytes:
    """Return as much of an error page as comes soon and is worth reading."""
    exchange_of(response).hurry()
    content = bytearray()
    try:
        for piece in pieces_of(response, mask, proves_end=False):
            content += piece
            if len(content) > MAX_ERROR_BODY:
                break
    except RequestError:
        pass
    return bytes(content[:MAX_ERROR_BODY])


def excerpt(content: bytes, mask: Mask) -> str:
    """Return the beginning of a body on one line."""
    text = mask(content[: EXCERPT * 8].decode("utf-8", "replace"))
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"
