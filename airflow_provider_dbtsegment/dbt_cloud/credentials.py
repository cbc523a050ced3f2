"""Credentials: as whom an environment or a person logs in to the warehouse."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class CredentialsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Credentials"""

    def create_credentials(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create credentials.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/credentials/",
            project_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def delete_credentials(
        self, project_id: int, credentials_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete credentials.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/credentials/{}/", project_id, credentials_id, account_id=account_id
        )

    def get_credentials(
        self, project_id: int, credentials_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get credentials, without their secrets.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/credentials/{}/",
            project_id,
            credentials_id,
            account_id=account_id,
        )

    def list_credentials(
        self, project_id: int, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the credentials of a project, without their secrets.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/credentials/",
            project_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def partially_update_credentials(
        self,
        project_id: int,
        credentials_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Change the given fields of credentials.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            Record,
            "v3/projects/{}/credentials/{}/",
            project_id,
            credentials_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def update_credentials(
        self,
        project_id: int,
        credentials_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Replace credentials.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/credentials/{}/",
            project_id,
            credentials_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )
