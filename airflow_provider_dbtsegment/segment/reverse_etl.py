"""Reverse ETL: models, and the syncs of their mappings."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.rest.urls import path_segment
from airflow_provider_dbtsegment.segment.base import START_SYNC, SYNC_STATUS, SegmentBase
from airflow_provider_dbtsegment.segment.types import CancelledSync, StartedSync, SyncStatus

#: Why a sync is cancelled, in Segment's numbers: "other".
OTHER_REASON = 4


class ReverseETLApi(SegmentBase):
    """https://docs.segmentapis.com/tag/Reverse-ETL"""

    def create_reverse_etl_manual_sync(
        self, source_id: str, model_id: str, subscription_id: str
    ) -> StartedSync:
        """
        Start a sync of a mapping. Segment has no idempotency key: every call starts another one.

        :param subscription_id: The mapping: the id after ``/mappings/`` in the address of its page.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before starting it again.
        """
        body = {"sourceId": source_id, "modelId": model_id, "subscriptionId": subscription_id}
        sync: StartedSync = self.request(
            "POST",
            "/reverse-etl-syncs",
            json=body,
            limit=START_SYNC,
            key="reverseETLManualSync",
            needs=("syncId",),
        )
        return sync

    def get_reverse_etl_sync_status(self, model_id: str, sync_id: str) -> SyncStatus:
        """
        Get a sync with its phases and counts.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        status: SyncStatus = self.request(
            "GET",
            _sync_path(model_id, sync_id),
            limit=SYNC_STATUS,
            key="reverseETLSyncStatus",
            needs=("syncId", "syncStatus"),
        )
        return status

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, model_id: str, subscription_id: str, *, limit: int | None = None
    ) -> list[SyncStatus]:
        """
        List the syncs of a mapping, the newest first.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        mapping = path_segment(subscription_id, "subscription id")
        path = f"{_model_path(model_id)}/subscriptionId/{mapping}/syncs"
        return list(self._iterate(path, "syncStatuses", limit=limit, page=100))

    def cancel_reverse_etl_sync_for_model(
        self, model_id: str, sync_id: str, *, reason_for_canceling: int = OTHER_REASON
    ) -> CancelledSync:
        """
        Cancel a sync. Rows it has taken already are left out of later syncs until a reset.

        :param reason_for_canceling: 0 incorrect model, 1 incorrect destination, 2 incorrect keys,
            3 incorrect mapping, 4 other.
        :return: ``status`` is ``CANCELLING``, or ``errorCode`` says why there was nothing to do.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        answer: CancelledSync = self.request(
            "POST",
            f"{_sync_path(model_id, sync_id)}/cancel",
            json={"reasonForCanceling": reason_for_canceling},
            repeatable=True,
        )
        return answer

    def list_reverse_etl_models(self, *, limit: int | None = None) -> list[dict[str, Any]]:
        """
        List the models of the workspace.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        models = self._iterate(
            "/reverse-etl-models", "models", limit=limit, page=1000, prefix="pagination."
        )
        return list(models)

    def get_reverse_etl_model(self, model_id: str) -> dict[str, Any]:
        """
        Get a model.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._model("GET", _model_path(model_id))

    def create_reverse_etl_model(
        self,
        source_id: str,
        *,
        name: str,
        query: str,
        query_identifier_column: str,
        description: str = "",
        enabled: bool = True,
        schedule_strategy: str | None = None,
        schedule_config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """
        Create a model.

        :param query: The SQL that gives the rows.
        :param query_identifier_column: The column that identifies a row.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        body = {
            "sourceId": source_id,
            "name": name,
            "description": description,
            "enabled": enabled,
            "query": query,
            "queryIdentifierColumn": query_identifier_column,
            "scheduleStrategy": schedule_strategy,
            "scheduleConfig": schedule_config,
        }
        return self._model("POST", "/reverse-etl-models", json=_given(body))

    def update_reverse_etl_model(
        self,
        model_id: str,
        *,
        name: str | None = None,
        query: str | None = None,
        query_identifier_column: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        schedule_strategy: str | None = None,
        schedule_config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """
        Change the given fields of a model.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        body = {
            "name": name,
            "description": description,
            "enabled": enabled,
            "query": query,
            "queryIdentifierColumn": query_identifier_column,
            "scheduleStrategy": schedule_strategy,
            "scheduleConfig": schedule_config,
        }
        return self._model("PATCH", _model_path(model_id), json=_given(body), repeatable=True)

    def delete_reverse_etl_model(self, model_id: str) -> None:
        """
        Delete a model.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self.request("DELETE", _model_path(model_id))

    def _model(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        model: dict[str, Any] = self.request(method, path, key="reverseEtlModel", **kwargs)
        return model


def _model_path(model_id: str) -> str:
    return f"/reverse-etl-models/{path_segment(model_id, 'model id')}"


def _sync_path(model_id: str, sync_id: str) -> str:
    return f"{_model_path(model_id)}/syncs/{path_segment(sync_id, 'sync id')}"


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
