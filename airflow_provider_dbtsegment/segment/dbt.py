"""dbt model syncs: Segment reads the models of a source from Git."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.segment.base import DBT, START_DBT_SYNC, SegmentBase


class DbtApi(SegmentBase):
    """https://docs.segmentapis.com/tag/dbt"""

    def create_dbt_model_sync_trigger(self, source_id: str) -> dict[str, Any]:
        """
        Make Segment read the dbt models of a source again; nothing can tell how far it has got.

        :return: ``id``, ``sourceId`` and ``status`` of the trigger.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        trigger: dict[str, Any] = self.request(
            "POST",
            "/dbt-model-syncs/trigger",
            json={"sourceId": source_id},
            media_type=DBT,
            limit=START_DBT_SYNC,
            key="dbtModelSyncTrigger",
            needs=("id",),
        )
        return trigger
