"""Accounts."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase


class AccountsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/Retrieve%20Account"""

    def get_account(self, *, account_id: int | None = None) -> dict[str, Any]:
        """
        Get an account.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        account: dict[str, Any] = self.request(
            "GET", self.account_path(account_id=account_id), kind=dict
        )
        return account

    def list_accounts(self) -> list[dict[str, Any]]:
        """
        List the accounts that the token may see.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        accounts: list[dict[str, Any]] = self.request("GET", "/api/v2/accounts/", kind=list)
        return accounts
