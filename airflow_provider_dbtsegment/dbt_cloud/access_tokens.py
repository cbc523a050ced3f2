"""Personal access tokens of the users of an account."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class AccessTokensApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Account%20Scoped%20PATs"""

    def create_personal_access_token(
        self, user_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a token. Only this answer shows it.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/users/{}/account-apikeys/",
            user_id,
            json=payload,
            account_id=account_id,
        )

    def delete_personal_access_token(
        self, user_id: int, token_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete a token.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/users/{}/account-apikeys/{}/", user_id, token_id, account_id=account_id)

    def get_personal_access_token(
        self, user_id: int, token_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get a token, without the token itself.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record, "v3/users/{}/account-apikeys/{}/", user_id, token_id, account_id=account_id
        )

    def list_personal_access_tokens(
        self, user_id: int, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the tokens of a user.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/users/{}/account-apikeys/",
            user_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def rotate_personal_access_token(
        self, user_id: int, token_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Replace a token with a new one. Only this answer shows it.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/users/{}/account-apikeys/{}/",
            user_id,
            token_id,
            account_id=account_id,
        )
