"""Extended attributes: what an environment changes in its connection."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record


class ExtendedAttributesApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/Create%20Extended%20Attributes"""

    def create_extended_attributes(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create extended attributes.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/extended-attributes/",
            project_id,
            json=payload,
            account_id=account_id,
        )

    def delete_extended_attributes(
        self, project_id: int, extended_attributes_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete extended attributes.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/extended-attributes/{}/",
            project_id,
            extended_attributes_id,
            account_id=account_id,
        )

    def get_extended_attributes(
        self, project_id: int, extended_attributes_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get extended attributes.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/extended-attributes/{}/",
            project_id,
            extended_attributes_id,
            account_id=account_id,
        )

    def update_extended_attributes(
        self,
        project_id: int,
        extended_attributes_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Change extended attributes.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            Record,
            "v3/projects/{}/extended-attributes/{}/",
            project_id,
            extended_attributes_id,
            json=payload,
            account_id=account_id,
        )
