"""Profiles: a connection, credentials and attributes under one key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class ProfilesApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Profiles"""

    def create_profile(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a profile.

        :param payload: The body; ``account_id`` and ``project_id`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/profiles/",
            project_id,
            json=payload,
            fills=("account_id", "project_id"),
            account_id=account_id,
        )

    def delete_profile(
        self, project_id: int, profile_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a profile.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/projects/{}/profiles/{}/", project_id, profile_id, account_id=account_id)

    def get_profile(
        self, project_id: int, profile_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a profile.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/projects/{}/profiles/{}/", project_id, profile_id, account_id=account_id
        )

    def list_profiles(
        self,
        project_id: int,
        *,
        connection_id: int | None = None,
        key: str | None = None,
        profile_ids: Sequence[int] | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the profiles of a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/profiles/",
            project_id,
            connection_id=connection_id,
            key=key,
            profile_ids=profile_ids,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_profile(
        self,
        project_id: int,
        profile_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Change the given fields of a profile.

        :param payload: The body; ``account_id``, ``project_id`` and ``pk`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            Record,
            "v3/projects/{}/profiles/{}/",
            project_id,
            profile_id,
            json=payload,
            fills=("account_id", "project_id", "pk"),
            account_id=account_id,
        )
