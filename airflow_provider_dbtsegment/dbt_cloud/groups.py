"""Groups of people, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DELETED, DbtCloudBase, Record
from airflow_provider_dbtsegment.dbt_cloud.query import one_or_several, related
from airflow_provider_dbtsegment.rest.listing import Listing


class GroupsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Groups"""

    def assign_group_permissions(
        self, group_id: int, payload: list[dict[str, Any]], *, account_id: int | None = None
    ) -> list[Record]:
        """
        Set the permissions of a group.

        :param payload: The permissions, as the vendor's page shows them.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            list[Record],
            "v3/group-permissions/{}/",
            group_id,
            json=payload,
            account_id=account_id,
        )

    def assign_user_to_group(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> list[Record]:
        """
        Set the groups of a person.

        :param payload: ``{"user_id": …, "desired_group_ids": […]}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", list[Record], "v3/assign-groups/", json=payload, account_id=account_id
        )

    def create_user_group(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a group.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/groups/",
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def delete_user_group(
        self, group_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Delete a group.

        :param payload: The ``name`` and the other fields of the group; those that say that it is
            deleted are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        body = {"assign_by_default": False, **payload, "state": DELETED}
        return self.update_group(group_id, body, account_id=account_id)

    def get_group(
        self,
        group_id: int,
        *,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Record:
        """
        Get a group.

        :param include_related: Of ``group_permissions``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/groups/{}/",
            group_id,
            include_related=related(include_related),
            account_id=account_id,
        )

    def list_groups(
        self,
        *,
        name: str | None = None,
        name_contains: str | None = None,
        group_id: int | Sequence[int] | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the groups of an account.

        :param name_contains: Part of the name, in any case.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/groups/",
            name=name,
            name__icontains=name_contains,
            **one_or_several("pk", group_id),
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_group(
        self, group_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a group.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/groups/{}/",
            group_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )
