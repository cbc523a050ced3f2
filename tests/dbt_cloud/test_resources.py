"""Every kind of thing is made, found, listed, changed and deleted by the hook, in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.exceptions import NotFoundError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from tests.endpoints.samples import sample_for
from tests.endpoints.table import read_table

ROWS = {row.name: row for row in read_table("dbt_cloud")}
PROJECT, ENVIRONMENT, USER = 10, 100, 1

WAREHOUSE = {
    "name": "Warehouse",
    "adapter_version": "postgres_v0",
    "config": {"hostname": "db.example", "port": 5432, "dbname": "shop"},
}
HOOK = {"event_types": ["job.run.completed"], "client_url": "http://127.0.0.1:9/"}
#: The noun in the methods' names, its plural, the ids before its own, and what the sample lacks.
KINDS: list[tuple[str, str, tuple[int, ...], dict[str, Any]]] = [
    ("account_connection", "account_connections", (), WAREHOUSE),
    ("adapter", "", (PROJECT,), {}),
    ("connection", "connections", (PROJECT,), {}),
    ("credentials", "credentials", (PROJECT,), {}),
    ("environment", "environments", (PROJECT,), {"name": "Other", "type": "deployment"}),
    ("extended_attributes", "", (PROJECT,), {}),
    ("ip_restriction", "ip_restrictions", (), {"cidrs": [{"cidr": "10.0.0.0/8"}]}),
    ("job", "jobs", (), {"project_id": PROJECT, "environment_id": ENVIRONMENT}),
    ("license_map", "license_maps", (), {}),
    ("lineage_integration", "lineage_integrations", (PROJECT,), {}),
    ("notification", "notifications", (), {"user_id": USER}),
    ("oauth_configuration", "oauth_configurations", (), {}),
    ("personal_access_token", "personal_access_tokens", (USER,), {}),
    ("private_endpoint", "private_endpoints", (), {}),
    ("project", "projects", (), {"name": "Other"}),
    ("repository", "repositories", (PROJECT,), {}),
    ("service_token", "service_tokens", (), {}),
    ("webhook", "webhooks", (), HOOK),
]


@pytest.mark.parametrize(("noun", "plural", "before", "more"), KINDS, ids=[one[0] for one in KINDS])
def test_a_thing_lives_from_its_making_to_its_end(
    noun: str,
    plural: str,
    before: tuple[int, ...],
    more: dict[str, Any],
    dbt_cloud: DbtCloudHook,
) -> None:
    def call(verb: str, *args: Any) -> Any:
        return getattr(dbt_cloud, f"{verb}_{noun}")(*before, *args)

    made = call("create", {**sample_for("dbt_cloud", ROWS[f"create_{noun}"]), **more})
    get = "get_warehouse" if noun == "connection" else "get"
    found = call(get, made["id"])
    assert found["id"] == made["id"]
    if plural:
        listed = getattr(dbt_cloud, f"list_{plural}")(*before)
        assert made["id"] in [one["id"] for one in listed]
    if hasattr(dbt_cloud, f"update_{noun}"):
        allowed = {name: value for name, value in more.items() if name != "adapter_version"}
        changed = {**sample_for("dbt_cloud", ROWS[f"update_{noun}"]), **allowed}
        call("update", made["id"], changed)
    if noun == "environment":
        dbt_cloud.delete_environment(made["id"], project_id=PROJECT)
    else:
        call("delete", made["id"])
    with pytest.raises(NotFoundError):
        call(get, made["id"])


def test_a_connection_goes_through_a_tunnel(dbt_cloud: DbtCloudHook) -> None:
    connection = dbt_cloud.create_account_connection(WAREHOUSE)
    body = {
        "connection_id": connection["id"],
        "username": "x",
        "port": 22,
        "hostname": "jump.example",
    }
    tunnel = dbt_cloud.create_encryption(body)
    assert dbt_cloud.get_encryption(tunnel["id"])["hostname"] == "jump.example"
    dbt_cloud.update_encryption(tunnel["id"], {**body, "port": 23})
    (listed,) = dbt_cloud.list_encryptions(connection_id=connection["id"])
    assert listed["port"] == 23
    dbt_cloud.delete_encryption(tunnel["id"])
    dbt_cloud.delete_account_connection(connection["id"])


def test_a_user_has_credentials_in_a_project(dbt_cloud: DbtCloudHook) -> None:
    credentials = dbt_cloud.create_credentials(
        PROJECT, sample_for("dbt_cloud", ROWS["create_credentials"])
    )
    given = {
        "account_id": 1,
        "user_id": USER,
        "project_id": PROJECT,
        "credentials_id": credentials["id"],
        "state": 1,
    }
    made = dbt_cloud.create_user_credentials(USER, given)
    assert dbt_cloud.get_user_credentials(USER, made["id"])["id"] == made["id"]
    assert made["id"] in [one["id"] for one in dbt_cloud.list_user_credentials(USER)]
    dbt_cloud.update_user_credentials(USER, made["id"], given)
    dbt_cloud.delete_user_credentials(USER, made["id"])


def test_environment_variables_are_made_changed_and_seen(dbt_cloud: DbtCloudHook) -> None:
    body = {"env_var": {"new_name": "DBT_COLOUR", "project": "red", "Production": "green"}}
    dbt_cloud.create_environment_variables(PROJECT, body)
    body = {"env_vars": {"name": "DBT_COLOUR", "new_name": "DBT_COLOUR", "project": "blue"}}
    dbt_cloud.update_environment_variables(PROJECT, body)
    variables = dbt_cloud.list_environment_variables(PROJECT)["variables"]
    assert variables["DBT_COLOUR"]["project"]["value"] == "blue"
    assert "DBT_COLOUR" in dbt_cloud.list_job_environment_variables(PROJECT, job_definition_id=1)
    assert "DBT_COLOUR" in dbt_cloud.list_user_environment_variables(PROJECT, user_id=USER)
    dbt_cloud.bulk_delete_environment_variables(PROJECT, {"name": "DBT_COLOUR"})
    assert "DBT_COLOUR" not in dbt_cloud.list_environment_variables(PROJECT)["variables"]


def test_groups_have_members_and_permissions(dbt_cloud: DbtCloudHook) -> None:
    group = dbt_cloud.create_user_group({"name": "Analysts", "assign_by_default": False})
    dbt_cloud.assign_group_permissions(
        group["id"], [{"permission_set": "developer", "account_id": 1, "all_projects": True}]
    )
    dbt_cloud.assign_user_to_group({"user_id": USER, "desired_group_ids": [group["id"]]})
    named = {**group, "name": "Analytics"}
    assert dbt_cloud.update_group(group["id"], named)["name"] == "Analytics"
    assert [one["name"] for one in dbt_cloud.list_groups(group_id=[group["id"]])] == ["Analytics"]
    dbt_cloud.delete_user_group(group["id"], {"name": "Analytics"})
    assert group["id"] not in [one["id"] for one in dbt_cloud.list_groups()]


def test_what_is_read_only_is_read(dbt_cloud: DbtCloudHook, tmp_path: Path) -> None:
    dbt_cloud.create_user_group({"name": "Logged", "assign_by_default": False})
    assert list(dbt_cloud.list_audit_logs())
    with (tmp_path / "log.csv").open("wb") as file:
        assert dbt_cloud.download_audit_logs(file) > 0
    export = dbt_cloud.start_audit_log_export()["job_id"]
    assert "download_url" in dbt_cloud.get_audit_log_export_download(export)
    assert dbt_cloud.get_audit_log_export()["is_running"] in (True, False)
    assert dbt_cloud.get_account_by_name("Tests")["id"] == 1
    assert list(dbt_cloud.get_account_licenses())
    assert dbt_cloud.list_feature_flags() is not None
    assert dbt_cloud.get_adapter_schema("snowflake_v0")
    assert dbt_cloud.get_project_by_name("Tiny", account_name="Tests")["id"] == PROJECT
    users = list(dbt_cloud.list_users())
    assert dbt_cloud.get_user(users[0]["id"])["id"] == users[0]["id"]
    for listing in (
        dbt_cloud.list_favorite_assets(),
        dbt_cloud.list_invited_users(),
        dbt_cloud.list_profiles(PROJECT),
        dbt_cloud.list_semantic_layer_credentials(),
    ):
        assert isinstance(list(listing), list)


@pytest.fixture(autouse=True)
def _own_names(dbt_cloud: DbtCloudHook) -> Iterator[None]:
    """Each test leaves the sandbox with the projects that it found."""
    before = {project["id"] for project in dbt_cloud.list_projects()}
    yield
    assert {project["id"] for project in dbt_cloud.list_projects()} == before
