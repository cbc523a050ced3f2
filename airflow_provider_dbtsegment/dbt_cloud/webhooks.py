"""Webhooks: dbt Cloud tells a URL of yours what happens to runs."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class WebhooksApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Webhooks%20Subscriptions"""

    def create_webhook(self, payload: dict[str, Any], *, account_id: int | None = None) -> Record:
        """
        Create a webhook.

        :param payload: ``name``, ``client_url``, ``event_types``, ``job_ids`` and ``active``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", Record, "v3/webhooks/subscriptions", json=payload, account_id=account_id
        )

    def delete_webhook(self, webhook_id: str, *, account_id: int | None = None) -> None:
        """
        Delete a webhook.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/webhooks/subscription/{}", webhook_id, account_id=account_id)

    def get_webhook(self, webhook_id: str, *, account_id: int | None = None) -> Record:
        """
        Get a webhook.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/webhooks/subscription/{}", webhook_id, account_id=account_id)

    def get_webhook_event(self, event_id: str, *, account_id: int | None = None) -> Record:
        """
        Get an event that was sent.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/webhooks/event/{}", event_id, account_id=account_id)

    def get_webhook_receipt(self, receipt_id: str, *, account_id: int | None = None) -> Record:
        """
        Get what a receiver answered.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/webhooks/receipt/{}", receipt_id, account_id=account_id)

    def list_webhook_event_receipts(
        self, event_id: str, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List what the receivers of an event answered.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/webhooks/event/{}/receipts",
            event_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_webhook_events(
        self, webhook_id: str, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the events that a webhook has sent.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/webhooks/subscription/{}/events",
            webhook_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_webhook_receipts(
        self,
        webhook_id: str,
        event_id: str,
        *,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List what the receiver of a webhook answered to an event.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/webhooks/subscription/{}/event/{}/receipt",
            webhook_id,
            event_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_webhooks(
        self, *, offset: int | None = None, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List webhooks.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record, "v3/webhooks/subscriptions", limit=limit, offset=offset, account_id=account_id
        )

    def test_webhook(self, webhook_id: str, *, account_id: int | None = None) -> Record:
        """
        Make dbt Cloud send a test event.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/webhooks/subscription/{}/test", webhook_id, account_id=account_id
        )

    def update_webhook(
        self, webhook_id: str, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a webhook.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PUT",
            Record,
            "v3/webhooks/subscription/{}",
            webhook_id,
            json=payload,
            account_id=account_id,
        )
