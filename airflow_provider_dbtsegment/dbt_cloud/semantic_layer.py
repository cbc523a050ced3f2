"""Credentials of the Semantic Layer."""

from __future__ import annotations

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.rest.listing import Listing


class SemanticLayerApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/List%20Semantic%20Layer%20Credentials"""

    def list_semantic_layer_credentials(
        self,
        *,
        credentials_id: int | None = None,
        project_id: int | None = None,
        state: int | None = None,
        order_by: str | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Record]:
        """
        List the Semantic Layer's credentials.

        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Record,
            "v3/semantic-layer-credentials/",
            pk=credentials_id,
            project_id=project_id,
            state=state,
            order_by=order_by,
            limit=limit,
            paged=False,
            account_id=account_id,
        )
