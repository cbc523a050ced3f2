"""Projects."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase


class ProjectsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Projects"""

    def list_projects(
        self,
        *,
        project_id: int | list[int] | None = None,
        name_contains: str | None = None,
        state: int | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> list[dict[str, Any]]:
        """
        List the projects of an account.

        :param name_contains: Part of the name, in any case.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        several = isinstance(project_id, list)
        path = self.account_path("projects", account_id=account_id, version=3)
        filters = {
            "pk__in" if several else "pk": project_id,
            "name__icontains": name_contains,
            "state": state,
        }
        return list(self._iterate(path, limit=limit, offset=offset, **filters))
