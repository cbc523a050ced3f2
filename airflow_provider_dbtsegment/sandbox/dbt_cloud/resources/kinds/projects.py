"""Projects."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


def show(_: DbtCloud, __: Record) -> Mapping[str, Any]:
    """Show which dbt its runs use."""
    return {"default_version": version("dbt-core")}
