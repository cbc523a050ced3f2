"""One `requests.Session` for one service: requests go in, values or our errors come out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import IO, Any, TypeVar
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

import requests

from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    NotSentError,
    RateLimitedError,
)
from airflow_provider_dbtsegment.rest import answers, failures, retry
from airflow_provider_dbtsegment.rest.answers import Answer, Explain
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.bodies import open_body
from airflow_provider_dbtsegment.rest.budget import Budget
from airflow_provider_dbtsegment.rest.connections import Exchange, HookFailed
from airflow_provider_dbtsegment.rest.headers import window
from airflow_provider_dbtsegment.rest.secrets import Redaction, proxy_secrets
from airflow_provider_dbtsegment.rest.sent import check_body
from airflow_provider_dbtsegment.rest.session import new_session, no_auth, proxies_for
from airflow_provider_dbtsegment.rest.sinks import Target, fill, sink_of
from airflow_provider_dbtsegment.rest.urls import is_loopback, redact, same_origin

T = TypeVar("T")

#: Methods that may be sent twice without harm (RFC 9110, section 9.2.2).
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
MAX_REDIRECTS = 5


@dataclass(frozen=True)
class TransportSettings:
    """
    How to reach a service; all times in seconds.

    :param base_url: The origin, as :func:`.urls.base_url` gives it.
    :param connect_timeout: For each step of establishing a connection: an address, the tunnel
        through a proxy, TLS.
    :param read_timeout: Between two pieces of an answer.
    :param answer_timeout: For all of a request and its answer, from the connection to the last byte
        of the body, however slowly it drips; only the look-up of the host's name is left out. The
        body of a download may take longer, as long as 256 KB arrive in every such time.
    :param proxy: URL of a proxy; by default what the environment says.
    :param max_attempts: How often a request that may be repeated is sent; 1 means once.
    :param max_retry_wait: The longest wait for a place in the budget, or that a 429 may ask for;
        a longer one is passed on to the caller as an error.
    :param read_from: What the token was read from, such as a connection; named when it is refused.
    """

    base_url: str
    auth: TokenAuth
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    answer_timeout: float = 300.0
    proxy: str | None = field(default=None, repr=False)
    max_attempts: int = 5
    max_retry_wait: float = 120.0
    read_from: str = ""

    def redaction(self) -> Redaction:
        """Return what makes a text from outside fit for a message: no token, no password."""
        proxies = {self.proxy, *getproxies().values()}
        known = (secret for proxy in proxies for secret in proxy_secrets(proxy))
        return Redaction(self.auth.token, *known)


class Transport:
    """
    Speak HTTP with one service. Safe to use from several threads.

    :param settings: Where and how.
    :param explain: Reads the service's own error message, and the seconds that a 429 asks to wait,
        out of a parsed error body.
    :param sleep: Waits between attempts; tests pass their own.
    """

    def __init__(
        self,
        settings: TransportSettings,
        explain: Explain,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._explain = explain
        self._sleep = sleep
        self._session = new_session()
        self._is_hurried = False  # so that downloads have no more time than other answers
        self._once = False
        self._before_first_byte: Callable[[], None] | None = None
        #: By how much the service's clock is ahead of ours, as its last answer has told.
        self.ahead: timedelta | None = None
        #: The same, by which our monotonic clock is behind: ours may be set, the service's is not.
        self._service_clock: float | None = None

    @property
    def server_time(self) -> float | None:
        """The seconds since the epoch by the service's clock, if an answer has told them."""
        return None if self._service_clock is None else time.monotonic() + self._service_clock

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def sleeping(self, sleep: Callable[[float], None]) -> Transport:
        """Return the same transport, on the same connections, that waits in another way."""
        other = copy(self)
        other._sleep = sleep
        return other

    def hurried(self, seconds: float) -> Transport:
        """Return the same transport, on the same connections, that asks once and not for long."""
        other, settings = copy(self), self.settings
        other._is_hurried = True
        other.settings = replace(
            settings,
            connect_timeout=min(settings.connect_timeout, seconds),
            read_timeout=min(settings.read_timeout, seconds),
            answer_timeout=min(settings.answer_timeout, seconds),
            max_attempts=1,
            max_retry_wait=min(settings.max_retry_wait, seconds),
        )
        return other

    def sending_once(self, before_first_byte: Callable[[], None] | None = None) -> Transport:
        """
        Return the same transport, whose requests are each sent at most once.

        Each goes out on a new connection, which is closed after the response, and is never
        repeated, not even if it was not sent. If the budget has no place for it,
        `RateLimitedError` is raised instead of waiting for one.

        :param before_first_byte: Called when the connection, its TLS and its tunnel through a
            proxy are established, directly before the first byte of the request is written. If it
            raises, nothing is written, and the caller gets exactly what it raised.
        """
        other = copy(self)
        other._session = new_session()
        other._once = True
        other._before_first_byte = before_first_byte
        return other

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        budget: Budget | None = None,
    ) -> Answer:
        """
        Send a request and return the parsed JSON answer.

        :param path: From the root of the host, quoted.
        :param params: Query; entries that are `None` are left out.
        :param repeatable: Whether doing it twice does no harm; by default as the method says.
        :param budget: What it is taken from.
        :raises ConfigurationError: When the path or the body cannot be sent.
        :raises RequestError: See the error tree.
        """
        method = method.upper()
        check_body(json)

        def attempt() -> Answer:
            with self._open(method, path, params, json, headers, budget) as response:
                return answers.read(response, self._redact)

        answer = self._send(attempt, method, repeatable)
        if answer.server_time is not None:
            self.ahead = answer.server_time - datetime.now(timezone.utc)
            self._service_clock = answer.server_time.timestamp() - time.monotonic()
        return answer

    def download(
        self,
        path: str,
        target: Target,
        *,
        params: Mapping[str, Any] | None = None,
        budget: Budget | None = None,
    ) -> int:
        """
        Stream the body of a GET to where it is to be, and return the number of bytes.

        A broken transfer starts again from the beginning, unless the target is a file object that
        cannot seek.

        :param target: A path, at which it appears as a whole or not at all, or a file object.
        :raises ConfigurationError: When nothing can be written there.
        :raises RequestError: See the error tree.
        """
        sink = sink_of(target)
        return self.stream(
            path,
            lambda body: fill(sink, body),
            params=params,
            budget=budget,
            repeatable=sink.repeatable,
        )

    def stream(
        self,
        path: str,
        read: Callable[[IO[bytes]], T],
        *,
        params: Mapping[str, Any] | None = None,
        budget: Budget | None = None,
        repeatable: bool = True,
    ) -> T:
        """
        Return what a function makes of the body of a GET, which it is given as a binary file.

        The file is read while it comes, once. Reading raises where the transfer breaks, and the
        function is called again with a new file.

        :param repeatable: Whether the function can be called again.
        :raises RequestError: See the error tree.
        """

        def attempt() -> T:
            with (
                self._open("GET", path, params, None, {"Accept": "*/*"}, budget) as response,
                open_body(response, self._redact, is_paced=not self._is_hurried) as body,
            ):
                return read(body)

        return self._send(attempt, "GET", repeatable)

    def _redact(self, text: str) -> str:
        return self.settings.redaction()(text)

    def _send(self, attempt: Callable[[], T], method: str, repeatable: bool | None) -> T:
        if self._once:
            return attempt()
        return retry.send(
            attempt,
            repeatable=method in REPEATABLE if repeatable is None else repeatable,
            max_attempts=self.settings.max_attempts,
            max_wait=self.settings.max_retry_wait,
            sleep=self._sleep,
        )

    def _open(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        headers: Mapping[str, str] | None,
        budget: Budget | None,
    ) -> requests.Response:
        """Send once, follow what may be followed, and return a response that succeeded."""
        if not path.startswith("/"):
            raise ConfigurationError(f"The path {redact(path)!r} must begin with a slash.")
        url = self.settings.base_url + path
        if budget is not None:
            self._take_a_place(budget, method, redact(url))
        sent = {key: value for key, value in (params or {}).items() if value is not None}
        until = time.monotonic() + self.settings.answer_timeout
        response = self._exchange(method, url, until, params=sent, json=json, headers=headers)
        for _ in range(MAX_REDIRECTS):
            if not response.is_redirect or method != "GET":
                break
            target = response.headers["Location"]
            response.close()
            response = self._follow(response.url, target, until, headers)
        if budget is not None and (left := window(response.headers)) is not None:
            budget.told(*left)
        if 200 <= response.status_code < 300:
            return response
        try:
            error = answers.error(response, self._explain, self.settings)
        finally:
            response.close()
        if budget is not None and isinstance(error, RateLimitedError):
            budget.refused(error.retry_after or 1.0)
        raise error

    def _take_a_place(self, budget: Budget, method: str, url: str) -> None:
        """Wait until the budget has room for one more request."""
        longest = 0.0 if self._once else self.settings.max_retry_wait
        seconds = budget.reserve(longest)
        if seconds > longest:
            raise RateLimitedError(
                f"not sent: the requests of this minute are used up for {seconds:.0f} s",
                method=method,
                url=url,
                status=429,
                from_service=False,
                retry_after=seconds,
            )
        if seconds:
            self._sleep(seconds)

    def _follow(
        self, url: str, target: str, until: float, headers: Mapping[str, str] | None
    ) -> requests.Response:
        """Follow a redirect of a GET; another host gets nothing that was meant for this one."""
        mask = self.settings.redaction()
        try:
            target = urljoin(url, target)
            parts, shown = urlsplit(target), mask(redact(target))
            is_ours = same_origin(self.settings.base_url, target)
        except ValueError:
            message = "redirected to something that is no address"
            raise NotSentError(message, method="GET", url=mask(redact(url)), final=True) from None
        if is_ours:
            return self._exchange("GET", target, until, headers=headers)
        # No service elsewhere may lead us to what listens on this machine.
        within = is_loopback(parts.hostname or "") and self._is_on_this_machine
        if parts.scheme != "https" and not (parts.scheme == "http" and within):
            message = f"redirected to {shown}, which is not encrypted"
            raise NotSentError(message, method="GET", url=mask(redact(url)), final=True)
        return self._exchange("GET", target, until, auth=no_auth)

    @cached_property
    def _is_on_this_machine(self) -> bool:
        return is_loopback(urlsplit(self.settings.base_url).hostname or "")

    def _exchange(
        self,
        method: str,
        url: str,
        until: float,
        *,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        settings = self.settings
        exchange = Exchange(
            until,
            settings.answer_timeout,
            settings.connect_timeout,
            settings.read_timeout,
            self._once,
            self._before_first_byte,
        )
        try:
            with exchange.current():
                response = self._session.request(
                    method,
                    url,
                    auth=auth or settings.auth,
                    timeout=(settings.connect_timeout, settings.read_timeout),
                    allow_redirects=False,
                    stream=True,
                    proxies=proxies_for(url, settings.proxy),
                    **kwargs,
                )
        except HookFailed as failed:
            raised = failed.error
        except (OSError, *failures.BROKEN) as error:
            mask = settings.redaction()
            shown = mask(redact(url))
            if isinstance(error, ValueError) and not exchange.has_pool:
                raise failures.unsendable(error, shown) from None
            failure = failures.not_sent if exchange.is_unsent else failures.broken
            raise failure(error, method=method, url=shown, mask=mask) from None
        else:
            response.exchange = exchange  # type: ignore[attr-defined]
            return response
        raise raised  # outside of the handler, which would change its context
