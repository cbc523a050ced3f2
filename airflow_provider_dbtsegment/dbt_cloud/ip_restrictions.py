"""IP restrictions: from which addresses an account can be reached."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class IPRestrictionsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20IP%20Restrictions"""

    def create_ip_restriction(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a rule.

        :param payload: The body; ``account_id`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/ip-restrictions/",
            json=payload,
            fills=("account_id",),
            account_id=account_id,
        )

    def delete_ip_restriction(
        self, ip_restriction_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a rule.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/ip-restrictions/{}", ip_restriction_id, account_id=account_id)

    def enable_ip_restrictions(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Switch all rules of the account on or off.

        :param payload: ``{"enabled": True}`` or ``{"enabled": False}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", Record, "v3/ip-restrictions-set/", json=payload, account_id=account_id
        )

    def get_ip_restriction(
        self, ip_restriction_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a rule.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/ip-restrictions/{}", ip_restriction_id, account_id=account_id)

    def list_ip_restrictions(
        self, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List rules.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record, "v3/ip-restrictions/", limit=limit, paged=False, account_id=account_id
        )

    def update_ip_restriction(
        self, ip_restriction_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Replace a rule.

        :param payload: The body; ``account_id`` and ``id`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PUT",
            Record,
            "v3/ip-restrictions/{}",
            ip_restriction_id,
            json=payload,
            fills=("account_id", "id"),
            account_id=account_id,
        )

    def validate_ip_restrictions(
        self, ip_restriction_set_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Tell whether the caller's own address would be let in.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/ip-restrictions-set/{}/validate/",
            ip_restriction_set_id,
            account_id=account_id,
        )

    def validate_ip_restrictions_without(
        self, ip_restriction_set_id: int, ip_restriction_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Tell whether the caller's own address would be let in without one of the rules.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/ip-restrictions-set/{}/validate/{}",
            ip_restriction_set_id,
            ip_restriction_id,
            account_id=account_id,
        )
