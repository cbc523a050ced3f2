"""The errors of this package, by what the caller can do about them.

::

    DbtSegmentError
    ├── ConfigurationError (ValueError)          nothing was sent: correct the argument
    │   └── ConnectionMovedError                 the connection names another service or account
    ├── RequestError                             a request failed
    │   ├── NotSentError (ConnectionError)       no byte of the request was written
    │   ├── AnswerLostError (ConnectionError)    sent, no readable answer: look first
    │   │   └── ShortListError                   a list ended before its promised total
    │   └── StatusError                          the service answered that it did not succeed
    │       ├── InvalidRequestError (ValueError)     400, 409, 422 …: correct the request
    │       ├── AuthError (PermissionError)          401, 403: correct the token or its permissions
    │       ├── NotFoundError (LookupError)          404, 410: correct the id
    │       ├── RateLimitedError                     429: wait `retry_after` seconds
    │       └── ServerError                          5xx: it may have happened, look first
    ├── LaunchUnknownError                       something may be running: look for it
    ├── AttemptOverError                         a later attempt has begun: nothing was started
    ├── StartTimeoutError (TimeoutError)         the service took no start in time: nothing started
    ├── EndUnknownError                          how it ended is not known: look for it
    ├── RunFailedError                           the run or the sync ended without success
    │   └── RunCancelledError                    somebody cancelled it
    ├── WaitTimeoutError (TimeoutError)          the deadline passed while it was still going on
    └── WaitFaultsError (ConnectionError)        the service could not be asked for too long

Every message is a sentence for the person who reads the task log; none holds a token or a query.
"""

from __future__ import annotations


class DbtSegmentError(Exception):
    """Base of every error that this package raises."""


class ConfigurationError(DbtSegmentError, ValueError):
    """A connection or an argument is wrong; nothing was sent."""


class ConnectionMovedError(ConfigurationError):
    """The connection points to another service or account than when the wait began."""


class RequestError(DbtSegmentError):
    """
    A request to a service failed.

    :param message: What went wrong, without secrets.
    :param method: The HTTP method.
    :param url: The redacted URL.
    """

    #: Whether the service may have carried the request out in spite of the error.
    may_have_happened = False
    #: Whether the body was the service's own error envelope, which no gateway writes.
    from_service = False
    method = ""
    url = ""

    def __init__(self, message: str, *, method: str, url: str) -> None:
        super().__init__(f"{method} {url}: {message}")
        self.method = method
        self.url = url

    def __reduce__(self) -> tuple[object, ...]:
        return rebuild, (type(self).__name__, str(self)), self.__dict__


class NotSentError(RequestError, ConnectionError):
    """
    No byte of the request was written: unknown host, refused connection, failed TLS or tunnel.

    :param final: Whether sending it again cannot change anything.
    :param why: ``name`` (of the host), ``certificate``, ``tls``, ``proxy``, or empty.
    """

    def __init__(
        self, message: str, *, method: str, url: str, final: bool = False, why: str = ""
    ) -> None:
        super().__init__(message, method=method, url=url)
        self.final = final
        self.why = why


class AnswerLostError(RequestError, ConnectionError):
    """The request was sent and no readable answer came back."""

    may_have_happened = True


class ShortListError(AnswerLostError):
    """A list ended before as many entries had come as the service promised."""


class StatusError(RequestError):
    """
    The response has a status that is not a success.

    ``may_have_happened`` is False for a 4xx with the service's own error envelope, for a 429 and
    for a redirect with 301, 307 or 308, and True for everything else: a gateway can answer
    anything after it has passed the request on.

    :param status: The HTTP status.
    :param from_service: Whether the body is the service's own documented error envelope, and not
        something that a gateway, a proxy or a login page could have sent.
    """

    def __init__(
        self, message: str, *, method: str, url: str, status: int, from_service: bool = True
    ) -> None:
        super().__init__(f"{status} {message}", method=method, url=url)
        self.status = status
        self.from_service = from_service
        self.may_have_happened = self.may_have_happened or not from_service


class InvalidRequestError(StatusError, ValueError):
    """The service refuses the request as it is (400, 409, 422 and other 4xx)."""


class AuthError(StatusError, PermissionError):
    """The token is refused or lacks a permission (401, 403)."""


class NotFoundError(StatusError, LookupError):
    """The service knows no such thing, or hides it from this token (404, 410)."""


class RateLimitedError(StatusError):
    """
    Too many requests (429), or no request left in the budget of this process.

    :param retry_after: Seconds after which requests are accepted again; `None` if the service did
        not say.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        url: str,
        status: int,
        from_service: bool = True,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, method=method, url=url, status=status, from_service=from_service)
        self.may_have_happened = False
        self.retry_after = retry_after


class ServerError(StatusError):
    """The service failed (5xx); it may have carried the request out all the same."""

    may_have_happened = True


class AttemptOverError(DbtSegmentError):
    """Nothing was started: this attempt is over, or Airflow cannot confirm that it is current."""


class StartTimeoutError(DbtSegmentError, TimeoutError):
    """Nothing was started: the service took no start within ``start_timeout``."""


class LaunchUnknownError(DbtSegmentError):
    """Whether something was started cannot be found out; the message says where to look."""


class EndUnknownError(DbtSegmentError):
    """Nothing is known of the end of what was waited for; the message says where to look."""


class RunFailedError(DbtSegmentError):
    """The dbt Cloud run or the Reverse ETL sync ended without success."""


class RunCancelledError(RunFailedError):
    """
    The run or the sync was cancelled.

    :param by: Who cancelled it: ``us`` (this deployment), ``person``, ``service`` or ``unknown``.
    """

    by = "unknown"

    def __init__(self, message: str, by: str = "unknown") -> None:
        super().__init__(message)
        self.by = by

    def __reduce__(self) -> tuple[object, ...]:
        return rebuild, (type(self).__name__, str(self)), self.__dict__


class WaitTimeoutError(DbtSegmentError, TimeoutError):
    """The deadline passed before the run or the sync ended."""


class WaitFaultsError(DbtSegmentError, ConnectionError):
    """The service could not be asked for longer than the budget for faults in a row allows."""


def rebuild(name: str, message: str) -> DbtSegmentError:
    """Return an error that comes from another process, of which only class and text came."""
    kind = globals().get(name)
    if not (isinstance(kind, type) and issubclass(kind, DbtSegmentError)):
        kind = DbtSegmentError
    error = kind.__new__(kind)
    error.args = (message,)
    return error
