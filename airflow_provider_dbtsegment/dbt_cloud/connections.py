"""Warehouse connections that belong to one project."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class ConnectionsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Connections"""

    def create_connection(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a warehouse connection of a project.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/connections/",
            project_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def delete_connection(
        self, project_id: int, connection_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a warehouse connection of a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/connections/{}/", project_id, connection_id, account_id=account_id
        )

    def get_warehouse_connection(
        self, project_id: int, connection_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a warehouse connection of a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/connections/{}/",
            project_id,
            connection_id,
            account_id=account_id,
        )

    def list_connections(
        self,
        project_id: int,
        *,
        adapter_version: str | None = None,
        has_catalog_ingestion_enabled: bool | None = None,
        has_cost_insights_enabled: bool | None = None,
        has_cost_management_enabled: bool | None = None,
        has_platform_metadata_credentials: bool | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the warehouse connections of a project.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/connections/",
            project_id,
            adapter_version=adapter_version,
            has_catalog_ingestion_enabled=has_catalog_ingestion_enabled,
            has_cost_insights_enabled=has_cost_insights_enabled,
            has_cost_management_enabled=has_cost_management_enabled,
            has_platform_metadata_credentials=has_platform_metadata_credentials,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def test_warehouse_connection(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Try a warehouse connection that has not been made yet.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", Record, "v3/connections/test/", json=payload, account_id=account_id
        )

    def update_connection(
        self,
        project_id: int,
        connection_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Replace a warehouse connection of a project.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/connections/{}/",
            project_id,
            connection_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )
