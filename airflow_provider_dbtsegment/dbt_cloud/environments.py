"""Environments."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase


class EnvironmentsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Environments"""

    def list_environments(
        self,
        project_id: int,
        *,
        name: str | None = None,
        state: int | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> list[dict[str, Any]]:
        """
        List the environments of a project.

        :param name: The exact name.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = self.account_path(
            "projects", project_id, "environments", account_id=account_id, version=3
        )
        return list(self._iterate(path, limit=limit, offset=offset, name=name, state=state))
