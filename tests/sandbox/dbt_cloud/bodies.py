"""A body for each operation that takes one."""

from typing import Any

V2 = "/api/v2/accounts/{account_id}/"
V3 = "/api/v3/accounts/{account_id}/"
PROJECT = V3 + "projects/{project_id}/"
PERSONAL_TOKENS = V3 + "users/{user_id}/account-apikeys/"
USER_CREDENTIALS = "/api/v3/users/{user_id}/credentials/"
BULK = PROJECT + "environment-variables/bulk/"

counter = iter(range(1, 10_000))


def name(noun: str) -> str:
    """Make a name that nothing has yet."""
    return f"{noun} {next(counter)}"


SNOWFLAKE = {"account": "xy123", "database": "raw", "warehouse": "wh", "oauth_client_secret": "s3"}
JOB = {
    "account_id": 7,
    "project_id": 70,
    "environment_id": 700,
    "execute_steps": ["dbt clean"],
    "execution": {"timeout_seconds": 0},
    "settings": {"threads": 2, "target_name": "prod"},
    "triggers": {"github_webhook": False, "schedule": False, "git_provider_webhook": False},
}
IP_RULE = {
    "type": 1,
    "rule_set_enabled": False,
    "account_id": 7,
    "cidrs": [{"cidr": "127.0.0.0/8"}],
}
SUBSCRIPTION = {
    "event_types": ["job.run.completed"],
    "client_url": "http://127.0.0.1:9/nobody",
    "active": True,
    "job_ids": [],
}
CREDENTIALS = {
    "type": "postgres",
    "account_id": 7,
    "state": 1,
    "threads": 4,
    "username": "dbt",
    "default_schema": "elsewhere",
    "target_name": "default",
    "password": "very secret",
}


def profile(world: Any) -> dict[str, Any]:
    """Return a profile of a connection and credentials."""
    connection = world.some(PROJECT + "connections/")
    credentials = world.some(PROJECT + "credentials/")
    ids = {"connection_id": connection["id"], "credentials_id": credentials["id"]}
    return {"account_id": 7, "project_id": 70, "key": name("profile"), **ids}


def bulk_update(world: Any) -> dict[str, Any]:
    """Return a new value for a variable that is there."""
    variable = name("DBT_BULK").replace(" ", "_")
    made = {"new_name": variable, "project": "a", "Production": "b"}
    world.data("POST", BULK, json={"env_var": [made]})
    return {"env_vars": {"name": variable, "project": "c", "Production": None, "Staging": "d"}}


def bulk_delete(world: Any) -> dict[str, Any]:
    """Return the name of a variable that is there."""
    return {"name": bulk_update(world)["env_vars"]["name"]}


def ip_rule_update(world: Any) -> dict[str, Any]:
    """Return a whole rule."""
    rule = world.some(V3 + "ip-restrictions/")
    return {**IP_RULE, "name": name("rule"), "id": rule["id"], "description": "Changed"}


NEW: dict[str, Any] = {
    V2 + "encryptions/": lambda w: {
        "connection_id": w.some(PROJECT + "connections/")["id"],
        "username": "tunnel",
        "port": 22,
        "hostname": "bastion",
        "private_key": "very secret",
    },
    V2 + "environments/": lambda _: {"project_id": 70, "name": name("environment")},
    V2 + "jobs/": lambda _: {**JOB, "name": name("job")},
    V2 + "notifications/": lambda _: {"user_id": 1, "type": 1, "on_failure": [7000]},
    V2 + "projects/": lambda _: {"name": name("project")},
    V2 + "repositories/": lambda _: {"project_id": 70, "full_name": "shop/dbt"},
    V3 + "connections/": lambda _: {
        "name": name("connection"),
        "adapter_version": "snowflake_v0",
        "config": SNOWFLAKE,
    },
    V3 + "groups/": lambda _: {"name": name("group"), "sso_mapping_groups": ["sso"]},
    V3 + "invites/": lambda _: {
        "email_addresses": [f"{name('user').replace(' ', '')}@example.com"],
        "license_type": "developer",
        "group_ids": [3],
    },
    V3 + "ip-restrictions/": lambda _: {**IP_RULE, "name": name("rule")},
    V3 + "license-maps/": {"license_type": "developer", "sso_license_mapping_groups": ["sso"]},
    V3 + "oauth-configurations/": lambda _: {
        "type": "snowflake",
        "name": name("oauth"),
        "client_id": "client",
        "client_secret": "very secret",
    },
    V3 + "private-endpoints/": lambda _: {"name": name("endpoint"), "type": "snowflake"},
    V3 + "projects/": lambda _: {"name": name("project")},
    V3 + "service-tokens/": lambda _: {
        "name": name("token"),
        "permission_grants": [{"permission_set": "job_admin", "project_id": 70}],
    },
    V3 + "webhooks/subscriptions": lambda _: {**SUBSCRIPTION, "name": name("webhook")},
    PROJECT + "adapters/": {"adapter_version": "databricks_spark_v0", "metadata_json": "{}"},
    PROJECT + "connections/": lambda _: {
        "name": name("connection"),
        "type": "snowflake",
        "details": {"account": "xy123", "oauth_client_secret": "very secret"},
    },
    PROJECT + "credentials/": CREDENTIALS,
    PROJECT + "environment-variables/": lambda _: {
        "name": name("DBT_ENV").replace(" ", "_"),
        "type": "project",
        "raw_value": "value",
    },
    PROJECT + "environments/": lambda _: {"name": name("environment"), "type": "deployment"},
    PROJECT + "extended-attributes/": {"extended_attributes": {"threads": 3}},
    PROJECT + "integrations/lineage/": {"name": "tableau", "config": {"token_value": "secret"}},
    PROJECT + "managed-repositories/": lambda _: {"name": name("repository")},
    PROJECT + "profiles/": profile,
    PROJECT + "repositories/": {"full_name": "shop/dbt", "remote_backend": "github"},
    PERSONAL_TOKENS: lambda _: {"name": name("personal")},
    USER_CREDENTIALS: lambda w: {
        "account_id": 7,
        "project_id": 70,
        "credentials_id": w.some(PROJECT + "credentials/")["id"],
    },
}
CHANGES: dict[tuple[str, str], Any] = {
    ("PATCH", V2): {"name": "Workbench", "state": 1},
    ("POST", V2): {"name": "Workbench", "state": 1},
    ("POST", V2 + "encryptions/{id}/"): {"port": 2222},
    ("POST", V2 + "environments/{id}/"): {"custom_branch": "main", "use_custom_branch": True},
    ("POST", V2 + "jobs/{id}/"): {"description": "Changed"},
    ("POST", V2 + "jobs/{job_id}/run/"): {"cause": "A test", "git_sha": "abc"},
    ("POST", V2 + "notifications/{id}/"): {"on_success": [7000]},
    ("POST", V2 + "permissions/{id}/"): {"license_type": "developer", "state": 1},
    ("POST", V2 + "projects/{id}/"): {"description": "Changed"},
    ("POST", "/api/v2/users/{id}/"): {"first_name": "New", "last_name": "Name"},
    ("PATCH", V3 + "connections/{id}/"): {"config": {"warehouse": "larger"}},
    ("PATCH", V3 + "private-endpoints/{pl_endpoint_ksuid}/"): {"name": "Changed"},
    ("POST", V3 + "assign-groups/"): {"user_id": 1, "desired_group_ids": [1, 2]},
    ("POST", V3 + "group-permissions/{group_id}/"): lambda w: [
        {
            "account_id": 7,
            "group_id": w.some(V3 + "groups/")["id"],
            "all_projects": True,
            "permission_set": "analyst",
            "writable_environment_categories": [],
        }
    ],
    ("POST", V3 + "groups/{id}/"): {"assign_by_default": True},
    ("POST", V3 + "ip-restrictions-set/"): {"enabled": False},
    ("PUT", V3 + "ip-restrictions/{id}"): ip_rule_update,
    ("POST", V3 + "license-maps/{id}/"): {"sso_license_mapping_groups": ["other"]},
    ("POST", V3 + "oauth-configurations/{id}/"): {"client_id": "other"},
    ("POST", V3 + "projects/{id}/"): {"description": "Changed"},
    ("PUT", V3 + "service-tokens/{id}/"): lambda _: {"name": name("token")},
    ("PUT", V3 + "webhooks/subscription/{subscription_id}"): {**SUBSCRIPTION, "name": "Changed"},
    ("POST", PROJECT + "adapters/{id}/"): {"metadata_json": "[]"},
    ("POST", PROJECT + "connections/{id}/"): {"name": "Changed"},
    ("POST", PROJECT + "credentials/{id}/"): {"threads": 5},
    ("PATCH", PROJECT + "credentials/{id}/"): {"threads": 6},
    ("POST", PROJECT + "environment-variables/{id}/"): {"raw_value": "other"},
    ("POST", BULK): lambda _: {
        "env_var": [
            {"new_name": name("DBT_BULK").replace(" ", "_"), "project": "x", "Staging": "y"}
        ]
    },
    ("PUT", BULK): bulk_update,
    ("DELETE", BULK): bulk_delete,
    ("POST", PROJECT + "environments/{id}/"): {"deployment_type": "staging"},
    ("PATCH", PROJECT + "extended-attributes/{id}/"): {"extended_attributes": {"threads": 5}},
    ("PATCH", PROJECT + "integrations/lineage/{id}/"): {"name": "powerbi"},
    ("POST", PROJECT + "integrations/lineage/{id}/selections"): {
        "to_add": [{"identifier": "sales", "name": "Sales", "type": "folder"}],
        "to_remove": ["support"],
    },
    ("PATCH", PROJECT + "profiles/{id}/"): lambda _: {"key": name("profile")},
    ("POST", PROJECT + "repositories/{id}/"): {"full_name": "shop/models"},
    ("POST", USER_CREDENTIALS + "{id}/"): {"state": 1},
}
BODIES = {**{("POST", path): body for path, body in NEW.items()}, **CHANGES}
# Parameters without which an operation answers nothing.
QUERIES = {
    PROJECT + "environment-variables/job/": {"job_definition_id": 7000},
    PROJECT + "environment-variables/user/": {"user_id": 1},
    "/api/v3/adapter-schema/": {"adapter_version": "snowflake_v0"},
}
