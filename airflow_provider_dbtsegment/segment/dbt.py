"""dbt model syncs: Segment reads the models of a source from Git."""

from __future__ import annotations

from airflow_provider_dbtsegment.segment.base import DBT, START_DBT_SYNC, SegmentBase
from airflow_provider_dbtsegment.segment.types import DbtModelSyncTrigger


class DbtApi(SegmentBase):
    """https://docs.segmentapis.com/tag/dbt"""

    def create_dbt_model_sync_trigger(self, source_id: str) -> DbtModelSyncTrigger:
        """
        Make Segment read the dbt models of a source again; nothing can tell how far it has got.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            DbtModelSyncTrigger,
            "dbtModelSyncTrigger",
            "/dbt-model-syncs/trigger",
            json={"sourceId": source_id},
            media_type=DBT,
            rate=START_DBT_SYNC,
        )
