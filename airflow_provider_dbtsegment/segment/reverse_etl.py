"""Reverse ETL: models, and the syncs of their mappings."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.exceptions import AnswerLostError
from airflow_provider_dbtsegment.rest.listing import Listing
from airflow_provider_dbtsegment.rest.urls import path_segment
from airflow_provider_dbtsegment.segment.base import START_SYNC, SYNC_STATUS, SegmentBase
from airflow_provider_dbtsegment.segment.schedules import (
    ScheduleConfig,
    ScheduleStrategy,
    check_schedule,
)
from airflow_provider_dbtsegment.segment.types import (
    CancelledSync,
    ReverseETLModel,
    StartedSync,
    SyncStatus,
)

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
        return self._send(
            "POST",
            StartedSync,
            "reverseETLManualSync",
            "/reverse-etl-syncs",
            json=body,
            rate=START_SYNC,
        )

    def get_reverse_etl_sync_status(self, model_id: str, sync_id: str) -> SyncStatus:
        """
        Get a sync with its phases and counts.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = _sync_path(model_id, sync_id)
        sync = self._get(SyncStatus, "reverseETLSyncStatus", path, rate=SYNC_STATUS)
        if sync["syncId"] != sync_id.strip():
            where = self._where("GET", path)
            raise AnswerLostError(f"answered with another sync ({sync['syncId']})", **where)
        return sync

    def list_reverse_etl_sync_statuses_from_model_and_subscription_id(
        self, model_id: str, subscription_id: str, *, limit: int | None = None
    ) -> Listing[SyncStatus]:
        """
        List the syncs of a mapping, the newest first. Fetched a page at a time, as they are read.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        mapping = path_segment(subscription_id, "subscription id")
        path = f"{_model_path(model_id)}/subscriptionId/{mapping}/syncs"
        return self._list(SyncStatus, "syncStatuses", path, limit=limit, page=100, rate=SYNC_STATUS)

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
        return self._send(
            "POST",
            CancelledSync,
            None,
            f"{_sync_path(model_id, sync_id)}/cancel",
            json={"reasonForCanceling": reason_for_canceling},
            repeatable=True,
        )

    def list_reverse_etl_models(self, *, limit: int | None = None) -> Listing[ReverseETLModel]:
        """
        List the models of the workspace. Fetched a page at a time, as they are read.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = "/reverse-etl-models"
        return self._list(
            ReverseETLModel, "models", path, limit=limit, page=1000, prefix="pagination."
        )

    def get_reverse_etl_model(self, model_id: str) -> ReverseETLModel:
        """
        Get a model.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(ReverseETLModel, "reverseEtlModel", _model_path(model_id))

    def create_reverse_etl_model(
        self,
        source_id: str,
        *,
        name: str,
        query: str,
        query_identifier_column: str,
        description: str = "",
        enabled: bool = True,
        schedule_strategy: ScheduleStrategy | None = None,
        schedule_config: ScheduleConfig | None = None,
    ) -> ReverseETLModel:
        """
        Create a model.

        :param query: The SQL that gives the rows.
        :param query_identifier_column: The column that identifies a row.
        :param schedule_strategy: When Segment syncs it by itself; by default never.
        :param schedule_config: What the strategy needs: see
            :mod:`airflow_provider_dbtsegment.segment.schedules`.
        :raises ConfigurationError: When the two do not go together.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        check_schedule(schedule_strategy, schedule_config)
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
        return self._send(
            "POST", ReverseETLModel, "reverseEtlModel", "/reverse-etl-models", json=_given(body)
        )

    def update_reverse_etl_model(
        self,
        model_id: str,
        *,
        name: str | None = None,
        query: str | None = None,
        query_identifier_column: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        schedule_strategy: ScheduleStrategy | None = None,
        schedule_config: ScheduleConfig | None = None,
    ) -> ReverseETLModel:
        """
        Change the given fields of a model.

        :param schedule_strategy: When Segment syncs it by itself.
        :param schedule_config: What the strategy needs, given together with it: see
            :mod:`airflow_provider_dbtsegment.segment.schedules`.
        :raises ConfigurationError: When the two do not go together.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        check_schedule(schedule_strategy, schedule_config)
        body = {
            "name": name,
            "description": description,
            "enabled": enabled,
            "query": query,
            "queryIdentifierColumn": query_identifier_column,
            "scheduleStrategy": schedule_strategy,
            "scheduleConfig": schedule_config,
        }
        return self._send(
            "PATCH",
            ReverseETLModel,
            "reverseEtlModel",
            _model_path(model_id),
            json=_given(body),
            repeatable=True,
        )

    def delete_reverse_etl_model(self, model_id: str) -> None:
        """
        Delete a model.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self.request("DELETE", _model_path(model_id))


def _model_path(model_id: str) -> str:
    return f"/reverse-etl-models/{path_segment(model_id, 'model id')}"


def _sync_path(model_id: str, sync_id: str) -> str:
    return f"{_model_path(model_id)}/syncs/{path_segment(sync_id, 'sync id')}"


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
