"""User credentials: which credentials a person uses in a project."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing

CREDENTIALS = "/api/v3/users/{}/credentials/"


class UserCredentialsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20User%20Credentials"""

    def create_user_credentials(self, user_id: int, payload: dict[str, Any]) -> Record:
        """
        Give a user credentials in a project.

        :param payload: ``account_id``, ``project_id``, ``user_id``, ``credentials_id``, ``state``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send("POST", Record, CREDENTIALS, user_id, json=payload)

    def delete_user_credentials(self, user_id: int, user_credentials_id: int) -> None:
        """
        Take credentials from a user.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(CREDENTIALS + "{}/", user_id, user_credentials_id)

    def get_user_credentials(self, user_id: int, user_credentials_id: int) -> Record:
        """
        Get which credentials a user has in a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        # The document says that this, too, is a list.
        return self._list(Record, CREDENTIALS + "{}/", user_id, user_credentials_id, paged=False)[0]

    def list_user_credentials(self, user_id: int, *, limit: int | None = None) -> Listing[Record]:
        """
        List which credentials a user has in which projects.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(Record, CREDENTIALS, user_id, limit=limit, paged=False)

    def update_user_credentials(
        self, user_id: int, user_credentials_id: int, payload: dict[str, Any]
    ) -> Record:
        """
        Replace which credentials a user has in a project.

        :param payload: ``account_id``, ``project_id``, ``user_id``, ``credentials_id``, ``state``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", Record, CREDENTIALS + "{}/", user_id, user_credentials_id, json=payload
        )
