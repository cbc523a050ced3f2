"""Repositories: where the code of a project is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.dbt_cloud.query import related
from airflow_provider_dbtsegment.rest.listing import Listing
from airflow_provider_dbtsegment.rest.sinks import Target


class RepositoriesApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Repositories"""

    def create_managed_repository(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a repository that dbt Cloud keeps itself.

        :param payload: ``{"name": …}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/managed-repositories/",
            project_id,
            json=payload,
            account_id=account_id,
        )

    def create_repository(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Connect a repository.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/repositories/",
            project_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def delete_repository(
        self, project_id: int, repository_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Disconnect a repository.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/repositories/{}/", project_id, repository_id, account_id=account_id
        )

    def get_repository(
        self,
        project_id: int,
        repository_id: int,
        *,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Record:
        """
        Get a repository.

        :param include_related: Of ``deploy_key``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/repositories/{}/",
            project_id,
            repository_id,
            include_related=related(include_related),
            account_id=account_id,
        )

    def list_repositories(
        self,
        project_id: int,
        *,
        include_related: Sequence[str] | None = None,
        repository_id: int | None = None,
        remote_url: str | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the repositories of a project.

        :param include_related: Of ``deploy_key``.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/{}/repositories/",
            project_id,
            include_related=related(include_related),
            pk=repository_id,
            remote_url=remote_url,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_repository(
        self,
        project_id: int,
        repository_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Replace a repository.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/repositories/{}/",
            project_id,
            repository_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def download_managed_repository(
        self, project_id: int, repository_id: int, file: Target, *, account_id: int | None = None
    ) -> int:
        """
        Stream a repository that dbt Cloud keeps to a path or a file object.

        :return: The number of bytes.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = "v3/projects/{}/managed-repositories/{}/download/"
        return self._download(file, path, project_id, repository_id, account_id=account_id)
