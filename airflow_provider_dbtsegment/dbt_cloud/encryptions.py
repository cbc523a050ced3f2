"""Encryptions: the SSH tunnels of warehouse connections."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class EncryptionsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20SSH%20Tunnels"""

    def create_encryption(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create an SSH tunnel.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v2/encryptions/",
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )

    def delete_encryption(self, encryption_id: int, *, account_id: int | None = None) -> None:
        """
        Delete an SSH tunnel.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v2/encryptions/{}/", encryption_id, account_id=account_id)

    def get_encryption(self, encryption_id: int, *, account_id: int | None = None) -> Record:
        """
        Get an SSH tunnel.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v2/encryptions/{}/", encryption_id, account_id=account_id)

    def list_encryptions(
        self,
        *,
        connection_id: int | None = None,
        encryption_id: int | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List SSH tunnels.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v2/encryptions/",
            connection_id=connection_id,
            pk=encryption_id,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_encryption(
        self, encryption_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace an SSH tunnel.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v2/encryptions/{}/",
            encryption_id,
            json=payload,
            fills=("account_id", "state"),
            account_id=account_id,
        )
