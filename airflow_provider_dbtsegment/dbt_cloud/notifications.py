"""Notifications of the ends of jobs."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class NotificationsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20Notifications"""

    def create_notification(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a notification.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v2/notifications/",
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def delete_notification(self, notification_id: int, *, account_id: int | None = None) -> None:
        """
        Delete a notification.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v2/notifications/{}/", notification_id, account_id=account_id)

    def get_notification(self, notification_id: int, *, account_id: int | None = None) -> Record:
        """
        Get a notification.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v2/notifications/{}/", notification_id, account_id=account_id)

    def list_notifications(
        self,
        *,
        external_email: str | None = None,
        notification_id: int | None = None,
        slack_channel_id: str | None = None,
        type: int | None = None,
        user_id: int | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List notifications.

        :param type: 1 an e-mail to a user, 2 Slack, 4 an e-mail to somebody else.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v2/notifications/",
            external_email=external_email,
            pk=notification_id,
            slack_channel_id=slack_channel_id,
            type=type,
            user_id=user_id,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_notification(
        self, notification_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a notification.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v2/notifications/{}/",
            notification_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def unsubscribe_from_notifications(self) -> None:
        """
        Stop all notifications to the owner of the token.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self.request("POST", "/api/v2/notifications/unsubscribe/")
