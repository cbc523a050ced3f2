"""Warehouse connections that all projects of an account share."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class AccountConnectionsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Account%20Connections"""

    def create_account_connection(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a warehouse connection.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/connections/",
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )

    def delete_account_connection(
        self, connection_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a warehouse connection.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/connections/{}/", connection_id, account_id=account_id)

    def get_account_connection(
        self, connection_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a warehouse connection.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/connections/{}/", connection_id, account_id=account_id)

    def list_account_connections(
        self,
        *,
        adapter_version: str | None = None,
        has_analytics_credentials: bool | None = None,
        has_catalog_ingestion_enabled: bool | None = None,
        has_cost_insights_enabled: bool | None = None,
        has_cost_management_enabled: bool | None = None,
        has_platform_metadata_credentials: bool | None = None,
        name_contains: str | None = None,
        private_endpoint_id: str | None = None,
        requires_platform_metadata_credentials: bool | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the warehouse connections of an account.

        :param name_contains: Part of the name, in any case.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/connections/",
            adapter_version=adapter_version,
            has_analytics_credentials=has_analytics_credentials,
            has_catalog_ingestion_enabled=has_catalog_ingestion_enabled,
            has_cost_insights_enabled=has_cost_insights_enabled,
            has_cost_management_enabled=has_cost_management_enabled,
            has_platform_metadata_credentials=has_platform_metadata_credentials,
            name__icontains=name_contains,
            private_endpoint_id=private_endpoint_id,
            requires_platform_metadata_credentials=requires_platform_metadata_credentials,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_account_connection(
        self, connection_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Change the given fields of a warehouse connection.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            Record,
            "v3/connections/{}/",
            connection_id,
            json=payload,
            account_id=account_id,
        )
