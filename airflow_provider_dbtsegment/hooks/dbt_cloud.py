"""dbt Cloud's administrative API by an Airflow connection."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM
from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.dbt_cloud.base import Record
from airflow_provider_dbtsegment.exceptions import (
    AuthError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
)
from airflow_provider_dbtsegment.hooks.advice import Advice, reason_of
from airflow_provider_dbtsegment.hooks.base import ConnectionHook, share
from airflow_provider_dbtsegment.hooks.check import PATIENCE, further, name_of, within
from airflow_provider_dbtsegment.hooks.forms import form_widgets

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


ADVICE = Advice(
    service="dbt Cloud",
    if_unreached="Check the access URL (host): dbt Cloud shows it under Account settings, Access "
    "URLs.",
    if_refused="Put a service token into the API token (password): dbt Cloud makes one under "
    "Account settings, API tokens. It is valid at the access URL of its own account only.",
)
NO_ACCOUNT = (
    "It has no account id (login). Put the number there that dbt Cloud shows under Account "
    "settings, Account ID."
)
#: Of the accounts that a token sees, so many are named.
SHOWN = 3


class DbtCloudHook(DbtCloudApi, ConnectionHook[DbtCloudSettings]):
    """
    Use dbt Cloud's administrative API.

    The connection holds the access URL (host), the account id (login) and a token (password).
    https://docs.getdbt.com/dbt-cloud/api-v2

    :param dbt_cloud_conn_id: The connection.
    :param max_attempts: How often a request that may be repeated is sent; 1 means once.
    """

    conn_name_attr = "dbt_cloud_conn_id"
    default_conn_name = "dbt_cloud_default"
    conn_type = DBT_CLOUD_FORM.connection_type
    hook_name = DBT_CLOUD_FORM.name
    form = DBT_CLOUD_FORM
    advice = ADVICE

    def __init__(
        self, dbt_cloud_conn_id: str = default_conn_name, *, max_attempts: int = 5
    ) -> None:
        ConnectionHook.__init__(self, dbt_cloud_conn_id, max_attempts=max_attempts)
        self.dbt_cloud_conn_id = dbt_cloud_conn_id

    # Airflow below 3.3 looks for these two in the class itself, not in those above it.

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the built-in fields of the form, for Airflow below 3.3."""
        return cls.form.behaviour

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the further fields of the form, for Airflow below 3.3."""
        return form_widgets(cls.form)

    def _settings_of(self, connection: Connection, extra: Mapping[str, Any]) -> DbtCloudSettings:
        if not (connection.host or "").strip():
            raise ConfigurationError(
                "It has no access URL (host). Put the one of your account there, such as "
                "ab123.us1.dbt.com: dbt Cloud shows it under Account settings, Access URLs."
            )
        return DbtCloudSettings(
            transport=self._transport_settings(connection, extra, connection.host or ""),
            account_id=_account_id(connection.login),
            share=share(extra),
        )

    def _keep_account(
        self, settings: DbtCloudSettings, before: DbtCloudSettings
    ) -> DbtCloudSettings:
        return replace(settings, account_id=before.account_id)

    @property
    def identity(self) -> Hashable:
        """What tells this service, token and account from others in the same process."""
        return (super().identity, self.settings.account_id)

    def _try_out(self) -> tuple[bool, str]:
        """Read the account; where that is refused, look which accounts the token sees."""
        origin, wanted = self.settings.transport.base_url, self.settings.account_id
        if wanted is None:
            seen = further(lambda: list(self.list_accounts(limit=100)))
            return False, NO_ACCOUNT + (f" Its token sees {_names(seen)}." if seen else "")
        try:
            account = within(PATIENCE, self.get_account)
        except (AuthError, NotFoundError, InvalidRequestError) as error:
            seen = further(lambda: list(self.list_accounts(limit=100)))
            if not seen:
                raise
            if any(one.get("id") == wanted for one in seen):
                return False, (
                    f"{origin} knows the token, but does not let it read the account {wanted} "
                    f"({reason_of(error)}). Give it a permission for all that jobs and runs need."
                )
            return False, (
                f"The token does not see the account {wanted}, but {_names(seen)}. Correct the "
                "account id (login), or the token."
            )
        return True, f"Reached the account {name_of(account)} ({wanted}) of {origin}."


def _names(accounts: list[Record]) -> str:
    """Return the names of a few accounts, and how many more there are."""
    names = ", ".join(f"{name_of(one)} ({one.get('id')})" for one in accounts[:SHOWN])
    more = len(accounts) - SHOWN
    return f"{names} and {more} others" if more > 0 else names


def _account_id(login: str | None) -> int | None:
    text = (login or "").strip()
    if not text:
        return None  # each call may name one
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(
            f"The account id {text!r} (login) is not a number. dbt Cloud shows it under Account "
            "settings, Account ID."
        )
    return int(text)
