"""What both hooks share: an Airflow connection becomes settings, once."""

from __future__ import annotations

import json
import time
from collections.abc import Hashable, Mapping
from dataclasses import replace
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar
from weakref import WeakSet

from requests.utils import select_proxy

from airflow_provider_dbtsegment.compat import (
    AirflowNotFoundException,
    BaseHook,
    forget_connection,
    get_connection,
    mask_secret,
)
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    ConnectionMovedError,
    DbtSegmentError,
)
from airflow_provider_dbtsegment.hooks.check import PATIENCE, PIECE, SilenceError
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.rest.urls import base_url, proxy_url

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_dbtsegment.connection_forms import Form
    from airflow_provider_dbtsegment.hooks.advice import Advice

S = TypeVar("S", bound=ClientSettings)
H = TypeVar("H", bound="ConnectionHook[Any]")

_NOBODY = TokenAuth("")

#: Seconds that a call may wait because the service is busy.
MAX_RETRY_WAIT = 120.0
#: The same for one who looks once and comes again anyway.
MAX_LOOK_WAIT = 5.0


class Place(NamedTuple):
    """
    What a connection points to.

    :param origin: The service: scheme, host and port.
    :param account: The account there, where the connection names one.
    """

    origin: str
    account: int | None = None

    def __str__(self) -> str:
        account = "" if self.account is None else f" (account {self.account})"
        return f"{self.origin}{account}"


def moved(what: str, known: Place, now: Place, conn_id: str) -> ConnectionMovedError:
    """
    Return the error that a connection means which points elsewhere than it did.

    :param what: What is at the place that was known, for the message.
    """
    return ConnectionMovedError(
        f"{what} is at {known}, but the connection {conn_id!r} now points to {now}, where its id "
        "means nothing or something else. How it ends is not known here; look for it at "
        f"{known.origin}, or point the connection there again."
    )


class ConnectionHook(RestClient[S], BaseHook):
    """
    An API object whose settings are read from an Airflow connection at the first call.

    :param conn_id: The connection.
    :param max_attempts: How often a request that may be repeated is sent; 1 means once.
    """

    form: ClassVar[Form]
    advice: ClassVar[Advice]
    conn_name_attr: ClassVar[str]

    def __init__(self, conn_id: str, *, max_attempts: int) -> None:
        RestClient.__init__(self, None)
        BaseHook.__init__(self)
        self._conn_id = conn_id
        self._max_attempts = max_attempts
        #: This hook and its twins: a token that is replaced is replaced for all of them.
        self._family: WeakSet[ConnectionHook[Any]] = WeakSet([self])

    @property
    def conn_id(self) -> str:
        """The id of the connection."""
        return self._conn_id

    @property
    def settings(self) -> S:
        """What the connection says, read once."""
        if self._settings is None:
            self._settings = self._read_connection()
        return self._settings

    async def aresolve(self) -> None:
        """Read the connection without blocking the event loop; a trigger does so first."""
        if self._settings is None:
            try:
                connection, extra = await get_connection(self._conn_id)
            except AirflowNotFoundException:
                raise self._missing() from None
            self._settings = self._read(connection, extra)

    def _read_connection(self) -> S:
        try:
            connection = self.get_connection(self._conn_id)
        except AirflowNotFoundException:
            raise self._missing() from None
        return self._read(connection, connection.extra_dejson)

    def renew(self) -> bool:
        """
        Read the connection again, for this hook and its twins, and return whether it has changed.

        :raises ConnectionMovedError: When it now points to another service or account.
        :raises ConfigurationError: When there is none any more, or it is wrong.
        """
        forget_connection(self._conn_id)
        return self.use_settings(self._read_connection())

    def use_settings(self, settings: S) -> bool:
        """
        Use other settings of the connection from now on, and return whether they differ.

        The account stays what it was: the ids that this hook is asked for belong to it.

        :raises ConnectionMovedError: When they are for another service.
        """
        before = self.settings
        settings = self._keep_account(settings, before)
        here, there = self.place_in(before), self.place_in(settings)
        if here != there:
            raise moved("What is used", here, there, self._conn_id)
        if _fingerprint(before) == _fingerprint(settings):
            return False
        for hook in list(self._family):
            hook._replace_settings(settings)
        return True

    def _keep_account(self, settings: S, before: S) -> S:
        """Return settings with the account of those before, where they have one."""
        return settings

    def _replace_settings(self, settings: S) -> None:
        with self._lock:
            self._settings = _with_attempts(settings, self._max_attempts)
            transport, self._transport = self._transport, None
            self.renewed_at = time.monotonic()
        if transport is not None:
            transport.close()

    @staticmethod
    def place_in(settings: ClientSettings) -> Place:
        """Return the service and the account that settings are for."""
        return Place(settings.transport.base_url, getattr(settings, "account_id", None))

    def _missing(self) -> ConfigurationError:
        return ConfigurationError(f"There is no connection {self._conn_id!r} in Airflow.")

    def twin(self: H, *, max_attempts: int = 1) -> H:
        """
        Return a hook of the same connection, not read again, with a session and locks of its own.

        :param max_attempts: How often its requests that may be repeated are sent; 1 means once.
        """
        twin = type(self)(self._conn_id, max_attempts=max_attempts)
        twin._settings = _with_attempts(self.settings, max_attempts)
        twin._family = self._family
        self._family.add(twin)
        return twin

    @property
    def identity(self) -> Hashable:
        """What tells this service, token and connection from others in the same process."""
        reach = self.settings.transport
        return (type(self).__name__, self._conn_id, reach.base_url, reach.auth.digest)

    def test_connection(self) -> tuple[bool, str]:
        """Return within 5 seconds whether the service can be used, and what to do if not."""
        # Airflow tests under a made-up connection id, which would say nothing to anybody.
        try:
            hook = self._impatient_twin()
        except DbtSegmentError as error:
            return False, str(error).removeprefix(f"Connection {self._conn_id!r}: ")
        way = hook.settings.transport
        try:
            reached, says = hook._try_out()
        except DbtSegmentError as error:
            reached, says = False, self.advice.about(error, way)
        except SilenceError:
            reached, says = False, self.advice.silence(PATIENCE, way)
        finally:
            hook.close()
        return reached, way.redaction().mask(says)

    def _impatient_twin(self: H) -> H:
        twin = self.twin()
        way = twin.settings.transport
        soon = replace(
            way,
            connect_timeout=min(way.connect_timeout, PIECE),
            read_timeout=min(way.read_timeout, PIECE),
            answer_timeout=min(way.answer_timeout, PATIENCE),
            max_retry_wait=0.0,
            read_from="",
        )
        twin._settings = replace(twin.settings, transport=soon)
        return twin

    def _try_out(self) -> tuple[bool, str]:
        """Ask for what every task needs, and return whether it was given and what that was."""
        raise NotImplementedError

    def get_conn(self) -> Any:
        """Return the session below, for what no method reaches; better use :meth:`request`."""
        return self.transport

    def _mask_secret(self, text: str) -> None:
        mask_secret(text)

    def _settings_of(self, connection: Connection, extra: Mapping[str, Any]) -> S:
        """Return what a connection says."""
        raise NotImplementedError

    def _read(self, connection: Connection, extra: object) -> S:
        try:
            _check_extra(connection.extra)
            return self._settings_of(connection, extra if isinstance(extra, Mapping) else {})
        except ConfigurationError as error:
            raise ConfigurationError(f"Connection {self._conn_id!r}: {error}") from None

    def _transport_settings(
        self, connection: Connection, extra: Mapping[str, Any], host: str
    ) -> TransportSettings:
        token = (connection.password or "").strip()
        label = self.form.labels["password"]
        if not token.strip("*"):  # asterisks are what Airflow shows of one
            raise ConfigurationError(f"It has no token. {self.advice.if_refused}")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise ConfigurationError(
                f"Its token (password, {label}) holds spaces, line breaks or letters that no token "
                "has. Copy it again."
            )
        plain = flag(extra, "allow_plain_http")
        origin = base_url(host, port=connection.port, allow_plain_http=plain)
        return TransportSettings(
            base_url=origin,
            auth=TokenAuth(token),
            connect_timeout=number(extra, "connect_timeout", 10.0),
            read_timeout=number(extra, "read_timeout", 60.0),
            proxy=proxy_url(_proxy(extra, origin)),
            max_attempts=self._max_attempts,
            max_retry_wait=_max_retry_wait(self._max_attempts),
            read_from=f"connection {self._conn_id!r}",
        )


def _with_attempts(settings: S, max_attempts: int) -> S:
    transport = replace(
        settings.transport,
        max_attempts=max_attempts,
        max_retry_wait=_max_retry_wait(max_attempts),
    )
    return replace(settings, transport=transport)


def _fingerprint(settings: ClientSettings) -> tuple[str, ClientSettings]:
    """Return what differs when settings differ, however often a request is sent."""
    plain = _with_attempts(settings, 1)
    nobody = replace(plain, transport=replace(plain.transport, auth=_NOBODY))
    return settings.transport.auth.digest, nobody


def _max_retry_wait(max_attempts: int) -> float:
    return MAX_RETRY_WAIT if max_attempts > 1 else MAX_LOOK_WAIT


def _check_extra(extra: object) -> None:
    """
    Look at an extra as it is stored: Airflow takes what is no JSON for an empty one.

    :raises ConfigurationError: When it is no JSON object.
    """
    if not isinstance(extra, str) or not extra.strip():
        return
    try:
        found = json.loads(extra)
    except ValueError as error:
        raise ConfigurationError(f"Its extra is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ConfigurationError(
            'Its extra is JSON, but not an object. Write one, such as {"region": "EU"}.'
        )


def _proxy(extra: Mapping[str, Any], origin: str) -> str:
    """
    Return the proxy that an extra names, be it as the community's provider writes it.

    :raises ConfigurationError: When it is no URL, or no object of URLs.
    """
    proxy, by_scheme = extra.get("proxy") or "", extra.get("proxies") or {}
    if not isinstance(proxy, str):
        raise ConfigurationError("proxy must be a text, such as http://proxy.example.com:3128.")
    is_object = isinstance(by_scheme, Mapping)
    if not is_object or not all(isinstance(one, (str, NoneType)) for one in by_scheme.values()):
        raise ConfigurationError(
            "proxies must be an object of URLs by scheme, such as "
            '{"https": "http://proxy.example.com:3128"}.'
        )
    return proxy or select_proxy(origin, by_scheme) or ""


def number(extra: Mapping[str, Any], name: str, default: float) -> float:
    """
    Return a positive number of an extra.

    :raises ConfigurationError: When it is none.
    """
    given = extra.get(name)
    if given is None or given == "":
        return default
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = -1.0
    if not 0 < value < float("inf"):
        raise ConfigurationError(f"{name} is {given!r}; it must be a number above 0.")
    return value


def share(extra: Mapping[str, Any]) -> float:
    """
    Return which part of the service's limits of requests a process may use, up to 1.

    :raises ConfigurationError: When it is none.
    """
    percent = number(extra, "rate_limit_percent", 100.0)
    if percent > 100:
        raise ConfigurationError(f"rate_limit_percent is {percent:g}; it must be at most 100.")
    return percent / 100


def flag(extra: Mapping[str, Any], name: str) -> bool:
    """Return a yes or no of an extra, which is text when it comes from a URI or a form."""
    return str(extra.get(name, "")).strip().lower() in ("true", "1", "yes", "on", "y")
