"""Lineage integrations: which dashboards are fed by which models."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class LineageApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Lineage%20Integrations"""

    def create_lineage_integration(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a lineage integration.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/integrations/lineage/",
            project_id,
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )

    def delete_lineage_integration(
        self, project_id: int, integration_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a lineage integration.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/integrations/lineage/{}/",
            project_id,
            integration_id,
            account_id=account_id,
        )

    def get_lineage_integration(
        self, project_id: int, integration_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a lineage integration.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/integrations/lineage/{}/",
            project_id,
            integration_id,
            account_id=account_id,
        )

    def get_lineage_collection(
        self,
        project_id: int,
        integration_id: int,
        collection_id: str,
        *,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List what is in a collection of the BI tool.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/integrations/lineage/{}/collections/{}/",
            project_id,
            integration_id,
            collection_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_lineage_collections(
        self,
        project_id: int,
        integration_id: int,
        *,
        collection_id: str | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the collections of the BI tool.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/integrations/lineage/{}/collections/",
            project_id,
            integration_id,
            collection_id=collection_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_lineage_integrations(
        self, project_id: int, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the lineage integrations of a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/integrations/lineage/",
            project_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def update_lineage_integration(
        self,
        project_id: int,
        integration_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Change the given fields of a lineage integration.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            Record,
            "v3/projects/{}/integrations/lineage/{}/",
            project_id,
            integration_id,
            json=payload,
            account_id=account_id,
        )

    def update_lineage_selections(
        self,
        project_id: int,
        integration_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Add and remove collections that are watched.

        :param payload: ``{"to_add": […], "to_remove": […]}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/integrations/lineage/{}/selections",
            project_id,
            integration_id,
            json=payload,
            account_id=account_id,
        )
