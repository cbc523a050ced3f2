"""dbt Cloud's administrative API as Python methods; knows no Airflow."""

from airflow_provider_dbtsegment.dbt_cloud.accounts import AccountsApi
from airflow_provider_dbtsegment.dbt_cloud.artifacts import ArtifactsApi
from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudSettings
from airflow_provider_dbtsegment.dbt_cloud.jobs import JobsApi
from airflow_provider_dbtsegment.dbt_cloud.runs import RunsApi

__all__ = ["DbtCloudApi", "DbtCloudSettings"]


class DbtCloudApi(AccountsApi, JobsApi, RunsApi, ArtifactsApi):
    """
    All methods of dbt Cloud's administrative API.

    Ids are positional, filters are keywords. ``account_id`` is a keyword of every method and by
    default the account of the settings.
    """
