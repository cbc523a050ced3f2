"""Rows of the table, for those whom the table itself imports."""

from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Resource


def row(kind: str) -> Resource:
    """Return the row of a kind."""
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.table import BY_KIND

    return BY_KIND[kind]
