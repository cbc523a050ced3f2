"""dbt Cloud's administrative API by an Airflow connection."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi, DbtCloudSettings
from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.hooks.base import ConnectionHook, form_widgets, share
from airflow_provider_dbtsegment.provider_info import DBT_CLOUD_FORM

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


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
                "It has no host. Put your account's access URL there, such as ab123.us1.dbt.com; "
                "dbt Cloud shows it under Account settings, Access URLs."
            )
        return DbtCloudSettings(
            transport=self._transport_settings(connection, extra, connection.host or ""),
            account_id=_account_id(connection.login),
            share=share(extra),
        )

    @property
    def identity(self) -> Hashable:
        """What tells this service, token and account from others in the same process."""
        return (super().identity, self.settings.account_id)

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the account can be read, and what was reached or what is wrong."""

        def reach() -> str:
            account = self.get_account()
            return f"Reached dbt Cloud account {account.get('name')} ({account.get('id')})."

        return self._test(reach)


def _account_id(login: str | None) -> int:
    text = (login or "").strip()
    if not text:
        raise ConfigurationError(
            "It has no account id. Put the number that follows /accounts/ in the address of dbt "
            "Cloud's pages into the login field."
        )
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(f"The account id {text!r} (login) is not a number.")
    return int(text)
