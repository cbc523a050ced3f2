"""Accounts."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.dbt_cloud.names import only
from airflow_provider_dbtsegment.rest.listing import Listing


class AccountsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Accounts"""

    def get_account(self, *, account_id: int | None = None) -> Record:
        """
        Get an account.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v2/", account_id=account_id)

    def get_account_by_name(self, account_name: str) -> Record:
        """
        Get the one account of this name that the token may see.

        :raises ConfigurationError: When there is none, or more than one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        advice = "Use its id instead of its name."
        account: Record = only("account", account_name, self.list_accounts(), advice=advice)
        return account

    def list_accounts(self, *, limit: int | None = None) -> Listing[Record]:
        """
        List the accounts that the token may see.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(Record, "/api/v3/accounts/", limit=limit, paged=False)

    def update_account(self, payload: dict[str, Any], *, account_id: int | None = None) -> Record:
        """
        Change an account.

        :param payload: The body; ``state`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST", Record, "v2/", json=payload, fills=("state",), account_id=account_id
        )

    def partially_update_account(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Change the given fields of an account.

        :param payload: The body; ``state`` is filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PATCH", Record, "v2/", json=payload, fills=("state",), account_id=account_id
        )

    def get_account_licenses(
        self, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List how many licenses of each kind an account has, and how many of them are taken.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(Record, "v2/licenses/", limit=limit, paged=False, account_id=account_id)

    def list_feature_flags(self, *, account_id: int | None = None) -> Any:
        """
        List the feature flags of an account, in the form that dbt Cloud gives; it documents none.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(object, "v3/feature-flag/", account_id=account_id)
