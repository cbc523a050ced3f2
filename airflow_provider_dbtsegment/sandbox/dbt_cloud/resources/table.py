"""The table of resources: which kinds of records there are, and what is special about each."""

from airflow_provider_dbtsegment.sandbox.dbt_cloud import audit_log
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.kinds import (
    accounts,
    adapter_schemas,
    audit_logs,
    connections,
    environment_variables,
    environment_variables_bulk,
    environments,
    groups,
    ip_restrictions,
    jobs,
    lineage,
    notifications,
    private_endpoints,
    profiles,
    projects,
    repositories,
    run_timing,
    tokens,
    users,
    webhooks,
)
from airflow_provider_dbtsegment.sandbox.dbt_cloud.resources.resource import Resource

A = "accounts/{account_id}/"
P = A + "projects/{project_id}/"
U = A + "users/{user_id}/"

OF_PROJECT = tuple(
    (kind, "project_id")
    for kind in (
        "jobs",
        "environment-variables",
        "profiles",
        "environments",
        "credentials",
        "connections",
        "repositories",
        "adapters",
        "extended-attributes",
        "group-permissions",
        "lineage",
        "semantic-layer-configurations",
        "semantic-layer-credentials",
    )
)
OF_ENVIRONMENT = (("jobs", "environment_id"), ("environment-variables", "environment_id"))
CREDENTIALS = {"state": 1, "type": "adapter", "threads": 1, "target_name": "default"}

# fmt: off
TABLE = [
    Resource("accounts", ("accounts/",), A, prepare=accounts.prepare, show=accounts.show),
    Resource("account-apikeys", (U + "account-apikeys/",)),
    Resource("adapters", (P + "adapters/",)),
    Resource("connections", (A + "connections/", P + "connections/"), also=("details",),
             refers=("oauth_configuration_id",), merged=("config", "details"),
             prepare=connections.prepare, gone=connections.gone, show=connections.show),
    Resource("credentials", (P + "credentials/",), defaults=CREDENTIALS),
    Resource("encryptions", (A + "encryptions/",), refers=("connection_id",)),
    Resource("environments", (A + "environments/", P + "environments/"), unique=("name",),
             refers=("project_id", "connection_id", "credentials_id", "repository_id",
                     "extended_attributes_id"),
             owns=OF_ENVIRONMENT, twins=("EnvironmentV2Response", "EnvironmentV3Response"),
             prepare=environments.prepare, show=environments.show),
    Resource("environment-variables", (P + "environment-variables/",),
             refers=("environment_id", "job_definition_id", "user_id"),
             prepare=environment_variables.prepare),
    Resource("extended-attributes", (P + "extended-attributes/",)),
    Resource("favorite-assets", (A + "favorite-assets/",), soft=False),
    Resource("groups", (A + "groups/",), unique=("name",),
             owns=(("group-permissions", "group_id"),), show=groups.show),
    Resource("group-permissions", (), refers=("group_id", "project_id")),
    Resource("invites", (A + "invites/",), unique=("email_address",), soft=False,
             defaults={"status": 1, "type": "standard"}, show=users.show_invite),
    Resource("ip-restrictions", (A + "ip-restrictions/",), A + "ip-restrictions/{id}",
             prepare=ip_restrictions.prepare, show=ip_restrictions.show),
    Resource("ip-restrictions-set", ()),
    Resource("jobs", (A + "jobs/",), merged=("settings", "execution", "triggers"),
             refers=("project_id", "environment_id", "deferring_environment_id",
                     "deferring_job_definition_id"),
             owns=(("environment-variables", "job_definition_id"),),
             prepare=jobs.prepare, gone=jobs.gone, show=jobs.show, related=jobs.show_related),
    Resource("license-maps", (A + "license-maps/",)),
    Resource("lineage", (P + "integrations/lineage/",), soft=False),
    Resource("notifications", (A + "notifications/",), refers=("user_id",)),
    Resource("oauth-configurations", (A + "oauth-configurations/",), soft=False),
    Resource("permissions", (A + "permissions/",), show=users.show_license),
    Resource("private-endpoints", (A + "private-endpoints/", A + "private-link-endpoints/"),
             A + "private-endpoints/{pl_endpoint_ksuid}/", prefix="",
             prepare=private_endpoints.prepare),
    Resource("profiles", (P + "profiles/",), unique=("key",), soft=False,
             refers=("connection_id", "credentials_id", "extended_attributes_id"),
             show=profiles.show),
    Resource("projects", (A + "projects/",), unique=("name",), owns=OF_PROJECT,
             refers=("connection_id", "repository_id"), show=projects.show),
    Resource("repositories", (A + "repositories/", P + "repositories/"), also=("remote_url",),
             refers=("project_id",), prepare=repositories.prepare, show=repositories.show),
    Resource("semantic-layer-configurations", (P + "semantic-layer-configurations/",)),
    Resource("semantic-layer-credentials",
             (A + "semantic-layer-credentials/", P + "semantic-layer-credentials/")),
    Resource("service-tokens", (A + "service-tokens/",), show=tokens.show_service_token,
             owns=(("service-token-permissions", "service_token_id"),)),
    Resource("service-token-permissions", (), refers=("project_id",)),
    Resource("users", (A + "users/", "users/"), soft=False, show=users.show),
    Resource("user-credentials", ("users/{user_id}/credentials/",),
             refers=("credentials_id", "project_id")),
    Resource("webhooks", (A + "webhooks/subscriptions",),
             A + "webhooks/subscription/{subscription_id}", prefix="wsu_", soft=False,
             prepare=webhooks.prepare),
    Resource("webhook-events", (), prefix="wev_", soft=False),
    Resource("webhook-receipts", (), prefix="wrc_", soft=False),
    Resource(audit_log.KIND, (), prefix="", soft=False),
    Resource("audit-log-exports", (), prefix="", soft=False),
]
# fmt: on

BY_KIND = {one.kind: one for one in TABLE}
COLLECTIONS = {path: one for one in TABLE for path in one.paths}
ITEMS = {path: one for one in TABLE for path in one.items()}

SPECIAL = {
    key: handler
    for module in (
        accounts,
        adapter_schemas,
        audit_logs,
        connections,
        environment_variables,
        environment_variables_bulk,
        environments,
        groups,
        ip_restrictions,
        lineage,
        notifications,
        repositories,
        run_timing,
        tokens,
        users,
        webhooks,
    )
    for key, handler in module.HANDLERS.items()
}
