"""Environments: where jobs run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.dbt_cloud.query import one_or_several, related
from airflow_provider_dbtsegment.rest.listing import Listing


class EnvironmentsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Environments"""

    def create_environment(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create an environment.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/environments/",
            project_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )

    def delete_environment_cache(
        self, environment_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Forget what state-aware orchestration knows of an environment; the next run builds all.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/environments/{}/sao-cache/", environment_id, account_id=account_id)

    def get_environment(
        self,
        project_id: int,
        environment_id: int,
        *,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Record:
        """
        Get an environment.

        :param include_related: Of ``project``, ``connection``, ``credentials`` and ``repository``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/environments/{}/",
            project_id,
            environment_id,
            include_related=related(include_related),
            account_id=account_id,
        )

    def list_environments(
        self,
        project_id: int | Sequence[int],
        *,
        include_related: Sequence[str] | None = None,
        credentials_id: int | None = None,
        dbt_version: str | Sequence[str] | None = None,
        deployment_type: str | Sequence[str] | None = None,
        id_after: int | None = None,
        name: str | None = None,
        name_contains: str | None = None,
        environment_id: int | Sequence[int] | None = None,
        type: str | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the environments of a project, or of several projects one after the other.

        :param include_related: Of ``project``, ``connection``, ``credentials`` and ``repository``.
        :param id_after: Only those with a greater id.
        :param name_contains: Part of the name, in any case.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        filters: dict[str, Any] = {
            "include_related": related(include_related),
            "credentials_id": credentials_id,
            **one_or_several("dbt_version", dbt_version),
            **one_or_several("deployment_type", deployment_type),
            "id__gt": id_after,
            "name": name,
            "name__icontains": name_contains,
            **one_or_several("pk", environment_id),
            "type": type,
            "state": state,
            "order_by": order_by,
            "account_id": account_id,
        }
        path = "v3/projects/{}/environments/"
        if isinstance(project_id, (int, str)):
            return self._list(Record, path, project_id, limit=limit, offset=offset, **filters)
        start = offset or 0
        several = chain.from_iterable(
            self._list(Record, path, one, **filters) for one in project_id
        )
        return Listing(islice(several, start, None if limit is None else start + limit))

    def delete_environment(
        self, environment_id: int, *, project_id: int | None = None, account_id: int | None = None
    ) -> None:
        """
        Delete an environment.

        :param project_id: Its project. Without it, the older endpoint is used that needs none.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        if project_id is None:
            self._delete("v2/environments/{}/", environment_id, account_id=account_id)
        else:
            path = "v3/projects/{}/environments/{}/"
            self._delete(path, project_id, environment_id, account_id=account_id)

    def update_environment(
        self,
        project_id: int,
        environment_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Replace an environment.

        :param payload: The body; ``account_id``, ``project_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/environments/{}/",
            project_id,
            environment_id,
            json=payload,
            fills=("account_id", "project_id", "state"),
            account_id=account_id,
        )
