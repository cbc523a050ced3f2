"""Segment's Public API for Reverse ETL and dbt model syncs as Python methods; knows no Airflow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.segment.api import SegmentApi
    from airflow_provider_dbtsegment.segment.base import REGIONS, SegmentSettings

__all__ = ["REGIONS", "SegmentApi", "SegmentSettings"]

#: Imported at first use: a DAG file that only validates arguments needs no HTTP client.
_HOMES = {"REGIONS": "base", "SegmentApi": "api", "SegmentSettings": "base"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
