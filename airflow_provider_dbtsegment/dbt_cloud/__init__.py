"""dbt Cloud's administrative API as Python methods; knows no Airflow."""

from airflow_provider_dbtsegment.dbt_cloud.access_tokens import AccessTokensApi
from airflow_provider_dbtsegment.dbt_cloud.account_connections import AccountConnectionsApi
from airflow_provider_dbtsegment.dbt_cloud.adapters import AdaptersApi
from airflow_provider_dbtsegment.dbt_cloud.artifacts import ArtifactsApi
from airflow_provider_dbtsegment.dbt_cloud.audit_logs import AuditLogsApi
from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudSettings
from airflow_provider_dbtsegment.dbt_cloud.ci_jobs import CIJobsApi
from airflow_provider_dbtsegment.dbt_cloud.connections import ConnectionsApi
from airflow_provider_dbtsegment.dbt_cloud.credentials import CredentialsApi
from airflow_provider_dbtsegment.dbt_cloud.encryptions import EncryptionsApi
from airflow_provider_dbtsegment.dbt_cloud.environment_variables import EnvironmentVariablesApi
from airflow_provider_dbtsegment.dbt_cloud.extended_attributes import ExtendedAttributesApi
from airflow_provider_dbtsegment.dbt_cloud.groups import GroupsApi
from airflow_provider_dbtsegment.dbt_cloud.ip_restrictions import IPRestrictionsApi
from airflow_provider_dbtsegment.dbt_cloud.license_maps import LicenseMapsApi
from airflow_provider_dbtsegment.dbt_cloud.lineage import LineageApi
from airflow_provider_dbtsegment.dbt_cloud.notifications import NotificationsApi
from airflow_provider_dbtsegment.dbt_cloud.oauth_configurations import OAuthConfigurationsApi
from airflow_provider_dbtsegment.dbt_cloud.private_endpoints import PrivateEndpointsApi
from airflow_provider_dbtsegment.dbt_cloud.profiles import ProfilesApi
from airflow_provider_dbtsegment.dbt_cloud.repositories import RepositoriesApi
from airflow_provider_dbtsegment.dbt_cloud.semantic_layer import SemanticLayerApi
from airflow_provider_dbtsegment.dbt_cloud.service_tokens import ServiceTokensApi
from airflow_provider_dbtsegment.dbt_cloud.user_credentials import UserCredentialsApi
from airflow_provider_dbtsegment.dbt_cloud.users import UsersApi
from airflow_provider_dbtsegment.dbt_cloud.webhooks import WebhooksApi

__all__ = ["DbtCloudApi", "DbtCloudSettings"]


class DbtCloudApi(
    AccessTokensApi,
    AccountConnectionsApi,
    AdaptersApi,
    ArtifactsApi,
    AuditLogsApi,
    CIJobsApi,
    ConnectionsApi,
    CredentialsApi,
    EncryptionsApi,
    EnvironmentVariablesApi,
    ExtendedAttributesApi,
    GroupsApi,
    IPRestrictionsApi,
    LicenseMapsApi,
    LineageApi,
    NotificationsApi,
    OAuthConfigurationsApi,
    PrivateEndpointsApi,
    ProfilesApi,
    RepositoriesApi,
    SemanticLayerApi,
    ServiceTokensApi,
    UserCredentialsApi,
    UsersApi,
    WebhooksApi,
):
    """
    All methods of dbt Cloud's administrative API.

    Ids are positional, filters are keywords. ``account_id`` is a keyword and by default the account
    of the settings. Lists are read while one iterates, to their end or up to ``limit`` entries.
    What has no method is reached with ``request``.
    """
