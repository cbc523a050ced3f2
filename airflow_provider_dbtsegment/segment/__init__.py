"""Segment's Public API for Reverse ETL and dbt model syncs as Python methods; knows no Airflow."""

from airflow_provider_dbtsegment.segment.base import REGIONS, SegmentSettings
from airflow_provider_dbtsegment.segment.dbt import DbtApi
from airflow_provider_dbtsegment.segment.reverse_etl import ReverseETLApi
from airflow_provider_dbtsegment.segment.workspaces import WorkspacesApi

__all__ = ["REGIONS", "SegmentApi", "SegmentSettings"]


class SegmentApi(ReverseETLApi, DbtApi, WorkspacesApi):
    """All methods of Segment's Public API for Reverse ETL and dbt model syncs."""
