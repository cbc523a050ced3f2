"""Run dbt Cloud jobs and Segment Reverse ETL syncs from Airflow."""

from airflow_provider_dbtsegment.provider_info import get_provider_info

__all__ = ["__version__", "get_provider_info"]

__version__ = "0.1.0.dev0"
