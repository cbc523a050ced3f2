"""Private endpoints: ways to a warehouse that do not cross the public net."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class PrivateEndpointsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Private%20Endpoints"""

    def create_private_endpoint(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Any:
        """
        Create a private endpoint; what dbt Cloud answers is not documented.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", object, "v3/private-endpoints/", json=payload, account_id=account_id
        )

    def delete_private_endpoint(
        self, private_endpoint_id: str, *, account_id: int | None = None
    ) -> None:
        """
        Delete a private endpoint.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/private-endpoints/{}/", private_endpoint_id, account_id=account_id)

    def get_private_endpoint(
        self, private_endpoint_id: str, *, account_id: int | None = None
    ) -> Record:
        """
        Get a private endpoint.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/private-endpoints/{}/", private_endpoint_id, account_id=account_id
        )

    def list_private_endpoints(
        self,
        *,
        search: str | None = None,
        type: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List private endpoints.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/private-endpoints/",
            search=search,
            type=type,
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_private_endpoint(
        self, private_endpoint_id: str, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Any:
        """
        Change a private endpoint; what dbt Cloud answers is not documented.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH",
            object,
            "v3/private-endpoints/{}/",
            private_endpoint_id,
            json=payload,
            account_id=account_id,
        )
