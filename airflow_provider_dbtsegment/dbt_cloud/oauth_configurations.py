"""OAuth configurations: the applications by which people log in to the warehouse."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class OAuthConfigurationsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20OAuthConfigurations"""

    def create_oauth_configuration(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create an OAuth configuration.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/oauth-configurations/",
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )

    def delete_oauth_configuration(
        self, oauth_configuration_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete an OAuth configuration.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/oauth-configurations/{}/", oauth_configuration_id, account_id=account_id)

    def get_oauth_configuration(
        self, oauth_configuration_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get an OAuth configuration.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/oauth-configurations/{}/", oauth_configuration_id, account_id=account_id
        )

    def list_oauth_configurations(
        self,
        *,
        client_id: str | None = None,
        oauth_configuration_id: int | None = None,
        type: str | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List OAuth configurations.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/oauth-configurations/",
            client_id=client_id,
            pk=oauth_configuration_id,
            type=type,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_oauth_configuration(
        self, oauth_configuration_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace an OAuth configuration.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/oauth-configurations/{}/",
            oauth_configuration_id,
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )
