"""Adapters: the kinds of warehouse that a project's connection can have."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record


class AdaptersApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/Create%20Adapter"""

    def create_adapter(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create an adapter, which a Databricks connection needs first.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/adapters/",
            project_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def get_adapter(
        self, project_id: int, adapter_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get an adapter.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/projects/{}/adapters/{}/", project_id, adapter_id, account_id=account_id
        )

    def update_adapter(
        self,
        project_id: int,
        adapter_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Replace an adapter.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/adapters/{}/",
            project_id,
            adapter_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def delete_adapter(
        self, project_id: int, adapter_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete an adapter.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/projects/{}/adapters/{}/", project_id, adapter_id, account_id=account_id)

    def get_adapter_schema(self, adapter_version: str) -> Record:
        """
        Get the fields that connections and credentials of a kind of warehouse have.

        :param adapter_version: Such as ``snowflake_v0``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "/api/v3/adapter-schema/", adapter_version=adapter_version)
