"""License maps: which groups of the identity provider get which license."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class LicenseMapsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20License%20Maps"""

    def create_license_map(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a license map.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/license-maps/",
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )

    def delete_license_map(self, license_map_id: int, *, account_id: int | None = None) -> None:
        """
        Delete a license map.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/license-maps/{}/", license_map_id, account_id=account_id)

    def get_license_map(self, license_map_id: int, *, account_id: int | None = None) -> Record:
        """
        Get a license map.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/license-maps/{}/", license_map_id, account_id=account_id)

    def list_license_maps(
        self,
        *,
        license_map_id: int | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List license maps.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/license-maps/",
            pk=license_map_id,
            state=state,
            order_by=order_by,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_license_map(
        self, license_map_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a license map.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/license-maps/{}/",
            license_map_id,
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )
