"""All methods of Segment's Public API for Reverse ETL and dbt model syncs."""

from __future__ import annotations

from airflow_provider_dbtsegment.segment.dbt import DbtApi
from airflow_provider_dbtsegment.segment.reverse_etl import ReverseETLApi
from airflow_provider_dbtsegment.segment.workspaces import WorkspacesApi


class SegmentApi(ReverseETLApi, DbtApi, WorkspacesApi):
    """All methods of Segment's Public API for Reverse ETL and dbt model syncs."""
