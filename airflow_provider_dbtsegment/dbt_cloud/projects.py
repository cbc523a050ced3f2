"""Projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.accounts import AccountsApi
from airflow_provider_dbtsegment.dbt_cloud.base import Record
from airflow_provider_dbtsegment.dbt_cloud.names import only
from airflow_provider_dbtsegment.dbt_cloud.query import one_or_several, related
from airflow_provider_dbtsegment.rest.listing import Listing


class ProjectsApi(AccountsApi):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Projects"""

    def create_project(self, payload: dict[str, Any], *, account_id: int | None = None) -> Record:
        """
        Create a project.

        :param payload: The body; only ``name`` and ``type`` are wanted besides what is filled in
            (``account_id``, ``state``).
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/",
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def delete_project(self, project_id: int, *, account_id: int | None = None) -> None:
        """
        Delete a project.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/projects/{}/", project_id, account_id=account_id)

    def get_project(
        self,
        project_id: int,
        *,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Record:
        """
        Get a project.

        :param include_related: Of ``repository``, ``connection``, ``group_permissions``,
            ``docs_job`` and ``freshness_job``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/",
            project_id,
            include_related=related(include_related),
            account_id=account_id,
        )

    def get_project_by_name(
        self, project_name: str, *, account_id: int | None = None, account_name: str | None = None
    ) -> Record:
        """
        Get the one project of this name.

        :param account_name: The account by its name, where it is not that of the connection.
        :raises ConfigurationError: When there is none, or more than one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        if account_name is not None:
            account_id = self.get_account_by_name(account_name)["id"]
        projects = self.list_projects(name_contains=project_name, account_id=account_id)
        advice = "Use its id instead of its name."
        project: Record = only("project", project_name, projects, advice=advice)
        return project

    def list_projects(
        self,
        *,
        include_related: Sequence[str] | None = None,
        name_contains: str | None = None,
        project_id: int | Sequence[int] | None = None,
        id_after: int | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the projects of an account.

        :param include_related: Of ``repository``, ``connection``, ``group_permissions``,
            ``docs_job`` and ``freshness_job``.
        :param name_contains: Part of the name, in any case.
        :param id_after: Only those with a greater id.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/projects/",
            include_related=related(include_related),
            name__icontains=name_contains,
            **one_or_several("pk", project_id),
            pk__gt=id_after,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_project(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a project.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/",
            project_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )
