"""Service tokens."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.exceptions import InvalidRequestError
from airflow_provider_dbtsegment.rest.listing import Listing

#: What a 400 to the creation of a service token means, unless the body is wrong.
FOR_SERVICE_TOKENS_ONLY = (
    "dbt Cloud creates service tokens for service tokens only: if the token of the connection is a "
    "personal access token, put a service token with the Account Admin permission set in its place."
)


class ServiceTokensApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Service%20Tokens"""

    def assign_service_token_permissions(
        self, service_token_id: int, payload: list[dict[str, Any]], *, account_id: int | None = None
    ) -> list[Record]:
        """
        Set the permissions of a service token.

        :param payload: The permissions: ``permission_set``, and ``project_id`` where it is for one
            project only.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            list[Record],
            "v3/service-tokens/{}/permissions/",
            service_token_id,
            json=payload,
            account_id=account_id,
        )

    def create_service_token(
        self, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create a service token. Only this answer shows the token, as ``token_string``.

        dbt Cloud answers 400 to personal access tokens: the connection needs a service token that
        may create others.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        try:
            return self._send(
                "POST", Record, "v3/service-tokens/", json=payload, account_id=account_id
            )
        except InvalidRequestError as error:
            if error.status == 400:
                error.args = (f"{str(error).rstrip('. ')}. {FOR_SERVICE_TOKENS_ONLY}",)
            raise

    def delete_service_token(self, service_token_id: int, *, account_id: int | None = None) -> None:
        """
        Delete a service token.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v3/service-tokens/{}/", service_token_id, account_id=account_id)

    def get_service_token(self, service_token_id: int, *, account_id: int | None = None) -> Record:
        """
        Get a service token, without the token itself.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v3/service-tokens/{}/", service_token_id, account_id=account_id)

    def list_service_token_permissions(
        self, service_token_id: int, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the permissions of a service token.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/service-tokens/{}/permissions/",
            service_token_id,
            limit=limit,
            paged=False,
            account_id=account_id,
        )

    def list_service_tokens(
        self, *, limit: int | None = None, account_id: int | None = None
    ) -> Listing[Record]:
        """
        List the service tokens of an account.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record, "v3/service-tokens/", limit=limit, paged=False, account_id=account_id
        )

    def update_service_token(
        self, service_token_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Rename a service token.

        :param payload: The body.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PUT",
            Record,
            "v3/service-tokens/{}/",
            service_token_id,
            json=payload,
            account_id=account_id,
        )
