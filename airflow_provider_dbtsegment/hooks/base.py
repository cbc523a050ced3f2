"""What both hooks share: an Airflow connection becomes settings, once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow_provider_dbtsegment.compat import (
    AirflowNotFoundException,
    BaseHook,
    get_connection,
    mask_secret,
)
from airflow_provider_dbtsegment.exceptions import ConfigurationError, DbtSegmentError
from airflow_provider_dbtsegment.rest.auth import TokenAuth
from airflow_provider_dbtsegment.rest.client import ClientSettings, RestClient
from airflow_provider_dbtsegment.rest.transport import TransportSettings
from airflow_provider_dbtsegment.rest.urls import base_url

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_dbtsegment.provider_info import Form

S = TypeVar("S", bound=ClientSettings)
H = TypeVar("H", bound="ConnectionHook[Any]")

#: Seconds for the Test button.
TEST_PATIENCE = 4.0
#: Seconds that a call may wait because the service is busy.
MAX_RETRY_WAIT = 120.0
#: The same for one who looks once and comes again anyway.
MAX_LOOK_WAIT = 5.0


class ConnectionHook(RestClient[S], BaseHook):
    """
    An API object whose settings are read from an Airflow connection at the first call.

    :param conn_id: The connection.
    :param max_attempts: How often a request that may be repeated is sent; 1 means once.
    """

    form: ClassVar[Form]
    conn_name_attr: ClassVar[str]

    def __init__(self, conn_id: str, *, max_attempts: int) -> None:
        RestClient.__init__(self, None)
        BaseHook.__init__(self)
        self._conn_id = conn_id
        self._max_attempts = max_attempts

    @property
    def settings(self) -> S:
        """What the connection says, read once."""
        if self._settings is None:
            try:
                connection = self.get_connection(self._conn_id)
            except AirflowNotFoundException:
                raise self._missing() from None
            self._settings = self._read(connection, connection.extra_dejson)
        return self._settings

    async def aresolve(self) -> None:
        """Read the connection without blocking the event loop; a trigger does so first."""
        if self._settings is None:
            try:
                connection, extra = await get_connection(self._conn_id)
            except AirflowNotFoundException:
                raise self._missing() from None
            self._settings = self._read(connection, extra)

    def _missing(self) -> ConfigurationError:
        return ConfigurationError(f"There is no connection {self._conn_id!r} in Airflow.")

    def twin(self: H, *, max_attempts: int = 1) -> H:
        """
        Return a hook of the same connection, not read again, with a session and locks of its own.

        :param max_attempts: How often its requests that may be repeated are sent; 1 means once.
        """
        twin = type(self)(self._conn_id, max_attempts=max_attempts)
        way = replace(
            self.settings.transport,
            max_attempts=max_attempts,
            max_retry_wait=_max_retry_wait(max_attempts),
        )
        twin._settings = replace(self.settings, transport=way)
        return twin

    @property
    def identity(self) -> Hashable:
        """What tells this service, token and connection from others in the same process."""
        reach = self.settings.transport
        return (type(self).__name__, self._conn_id, reach.base_url, reach.auth.digest)

    def _test(self, reach: Callable[[], str]) -> tuple[bool, str]:
        """Return whether a call succeeds soon, and its message or what is wrong."""
        settings: S | None = None
        # Airflow tests under a made-up connection id, which would say nothing to anybody.
        try:
            settings = self.settings
            way = settings.transport
            soon = replace(
                way,
                connect_timeout=min(way.connect_timeout, TEST_PATIENCE / 2),
                read_timeout=min(way.read_timeout, TEST_PATIENCE / 2),
                max_attempts=1,
                read_from="",
            )
            self._settings = replace(settings, transport=soon)
            return True, reach()
        except DbtSegmentError as error:
            return False, str(error).removeprefix(f"Connection {self._conn_id!r}: ")
        finally:
            self.close()
            self._settings = settings

    def get_conn(self) -> Any:
        """Return the session below, for what no method reaches; better use :meth:`request`."""
        return self.transport

    def _mask_secret(self, text: str) -> None:
        mask_secret(text)

    def _settings_of(self, connection: Connection, extra: Mapping[str, Any]) -> S:
        """Return what a connection says."""
        raise NotImplementedError

    def _read(self, connection: Connection, extra: Mapping[str, Any]) -> S:
        try:
            return self._settings_of(connection, extra)
        except ConfigurationError as error:
            raise ConfigurationError(f"Connection {self._conn_id!r}: {error}") from None

    def _transport_settings(
        self, connection: Connection, extra: Mapping[str, Any], host: str
    ) -> TransportSettings:
        token = (connection.password or "").strip()
        label = self.form.labels["password"]
        if not token:
            raise ConfigurationError(f"It has no token. Put it into the password field ({label}).")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise ConfigurationError(
                f"Its token (password, {label}) holds spaces, line breaks or letters that no token "
                "has. Copy it again."
            )
        return TransportSettings(
            base_url=base_url(
                host,
                port=connection.port,
                allow_plain_http=flag(extra, "allow_plain_http"),
            ),
            auth=TokenAuth(token),
            connect_timeout=number(extra, "connect_timeout", 10.0),
            read_timeout=number(extra, "read_timeout", 60.0),
            proxy=extra.get("proxy") or None,
            max_attempts=self._max_attempts,
            max_retry_wait=_max_retry_wait(self._max_attempts),
            read_from=f"connection {self._conn_id!r}",
        )


def _max_retry_wait(max_attempts: int) -> float:
    return MAX_RETRY_WAIT if max_attempts > 1 else MAX_LOOK_WAIT


def form_widgets(form: Form) -> dict[str, Any]:
    """Return the further fields of a form, of the few kinds that Airflow below 3.3 knows."""
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
    from flask_babel import lazy_gettext
    from wtforms import BooleanField, IntegerField, StringField
    from wtforms.validators import Optional, any_of

    widgets: dict[str, Any] = {}
    for field in form.fields:
        options: dict[str, Any] = {"description": field.description, "default": field.default}
        if field.kind == "boolean":
            widgets[field.name] = BooleanField(lazy_gettext(field.label), **options)
            continue
        validators = [Optional(), *([any_of(field.choices)] if field.choices else [])]
        kind = IntegerField if field.kind == "integer" else StringField
        if kind is StringField and field.default is not None:
            options["default"] = str(field.default)
        widgets[field.name] = kind(
            lazy_gettext(field.label),
            widget=BS3TextFieldWidget(),
            validators=validators,
            **options,
        )
    return widgets


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
    """Return a yes or no of an extra, which may be text when it comes from a URI."""
    return str(extra.get(name, "")).strip().lower() in ("true", "1", "yes", "on")
