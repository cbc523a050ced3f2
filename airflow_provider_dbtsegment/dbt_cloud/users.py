"""People: users, their licenses, invitations."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DELETED, DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class UsersApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Users"""

    def deactivate_user_license(
        self,
        permission_id: int,
        payload: dict[str, Any] | None = None,
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Take the license from a user.

        :param permission_id: The id of the user's permission in the account, not that of the user.
        :param payload: ``license_type`` (by default ``developer``), and the ``groups`` of the user.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        body = {"license_type": "developer", "state": DELETED, **(payload or {})}
        return self.update_user_license(permission_id, body, account_id=account_id)

    def get_invite(self, invite_id: int, *, account_id: int | None = None) -> Record:
        """
        Get an invitation.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v2/invites/{}/", invite_id, account_id=account_id)

    def get_user(self, user_id: int, *, account_id: int | None = None) -> Record:
        """
        Get a user of an account.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/users/{}/", user_id, account_id=account_id)

    def invite_users(self, payload: dict[str, Any], *, account_id: int | None = None) -> Record:
        """
        Invite people by e-mail.

        :param payload: ``email_addresses``, ``license_type`` and ``group_ids``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send("POST", Record, "v3/invites/", json=payload, account_id=account_id)

    def list_favorite_assets(
        self,
        *,
        environment_id: int | None = None,
        project_id: int | None = None,
        user_id: int | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the assets that people have marked as their favourites.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/favorite-assets/",
            environment_id=environment_id,
            project_id=project_id,
            user_id=user_id,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def list_invited_users(
        self, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the people who have been invited.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(Record, "v2/invites/", limit=limit, paged=False, account_id=account_id)

    def list_users(
        self,
        *,
        state: int | None = None,
        order_by: str | None = "email",
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the users of an account.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/users/",
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_user_license(
        self, permission_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Change the license of a user.

        :param permission_id: The id of the user's permission in the account, not that of the user.
        :param payload: ``{"license_type": …}``; the ``state`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v2/permissions/{}/",
            permission_id,
            json=payload,
            fills=("state",),
            account_id=account_id,
        )

    def update_user(self, user_id: int, payload: dict[str, Any]) -> Record:
        """
        Change the name of a user.

        :param payload: ``first_name`` and ``last_name``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send("POST", Record, "/api/v2/users/{}/", user_id, json=payload)
