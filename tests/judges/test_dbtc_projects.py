"""dbtc on projects and what they are made of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT, ENVIRONMENT, PROJECT
from tests.judges.dbtc_judge import Judge, ids, names


def test_a_project_lives_from_creation_to_deletion(dbtc: Judge) -> None:
    wanted = {
        "id": None,
        "name": "Passing",
        "dbt_project_subdirectory": None,
        "account_id": ACCOUNT,
        "connection_id": None,
        "repository_id": None,
    }
    made = dbtc.create_project(ACCOUNT, wanted)
    assert (made["name"], made["state"]) == ("Passing", 1)
    assert dbtc.get_project(ACCOUNT, made["id"]) == made
    for hints in ({}, {"account_id": ACCOUNT}, {"account_name": "Tests"}):
        assert dbtc.get_project_by_name("Passing", **hints)["id"] == made["id"]
    assert dbtc.refused("create_project", ACCOUNT, wanted)["code"] == 400

    changed = dbtc.update_project(ACCOUNT, made["id"], {**made, "name": "Renamed"})
    assert (changed["id"], changed["name"]) == (made["id"], "Renamed")
    assert changed["updated_at"] > made["updated_at"]

    dbtc.delete_project(ACCOUNT, made["id"])
    assert dbtc.refused("get_project", ACCOUNT, made["id"])["code"] == 404
    assert made["id"] not in ids(dbtc.list_projects(ACCOUNT))
    assert made["id"] in ids(dbtc.list_projects(ACCOUNT, state=2))
    with pytest.raises(Exception, match='Project "Renamed" was not found'):
        dbtc.get_project_by_name("Renamed")


def test_projects_are_filtered_and_paged(dbtc: Judge, project: dict[str, Any]) -> None:
    assert ids(dbtc.list_projects(ACCOUNT)) == [PROJECT, project["id"]]
    assert ids(dbtc.list_projects(ACCOUNT, project_id=PROJECT)) == [PROJECT]
    both = [PROJECT, project["id"]]
    assert ids(dbtc.list_projects(ACCOUNT, project_id=both, state=1)) == both
    found, total = dbtc.page("list_projects", ACCOUNT, limit=1, offset=1)
    assert (ids(found), total) == ([project["id"]], 2)


def test_an_environment_lives_from_creation_to_deletion(
    dbtc: Judge, project: dict[str, Any]
) -> None:
    of_project = (ACCOUNT, project["id"])
    wanted = {
        "id": None,
        "account_id": ACCOUNT,
        "project_id": project["id"],
        "name": "Night",
        "dbt_version": "1.9.0-latest",
        "type": "deployment",
        "deployment_type": "staging",
        "use_custom_branch": False,
        "custom_branch": None,
        "state": 1,
    }
    made = dbtc.create_environment(*of_project, wanted)
    changed = dbtc.update_environment(*of_project, made["id"], {**made, "name": "Late night"})
    assert (changed["id"], changed["name"]) == (made["id"], "Late night")
    assert dbtc.get_environment(*of_project, made["id"])["name"] == "Late night"
    dbtc.delete_environment(ACCOUNT, made["id"])
    assert dbtc.list_environments(*of_project) == []
    assert ids(dbtc.list_environments(*of_project, state=2)) == [made["id"]]
    assert dbtc.refused("get_environment", *of_project, made["id"])["code"] == 404


def test_environments_are_filtered_ordered_and_paged(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    credentials = dbtc.create_credentials(*of_project, POSTGRES | {"project_id": project["id"]})
    night, day, desk = (
        dbtc.create_environment(
            *of_project,
            {"account_id": ACCOUNT, "project_id": project["id"], "state": 1, **fields},
        )["id"]
        for fields in (
            {
                "name": "Night",
                "dbt_version": "latest",
                "type": "deployment",
                "deployment_type": "production",
                "credentials_id": credentials["id"],
            },
            {
                "name": "Day",
                "dbt_version": "1.9.0-latest",
                "type": "deployment",
                "deployment_type": "staging",
            },
            {"name": "Desk", "dbt_version": "1.9.0-latest", "type": "development"},
        )
    )
    for filters, found in (
        ({}, [night, day, desk]),
        ({"name": "Day"}, [day]),
        ({"type": "development"}, [desk]),
        ({"deployment_type": "staging"}, [day]),
        ({"deployment_type": ["staging", "production"]}, [night, day]),
        ({"dbt_version": ["1.9.0-latest"]}, [day, desk]),
        ({"credentials_id": credentials["id"]}, [night]),
        ({"state": 1, "order_by": "name"}, [day, desk, night]),
        ({"order_by": "-id", "limit": 2}, [desk, day]),
        ({"order_by": "-id", "limit": 2, "offset": 2}, [night]),
    ):
        assert ids(dbtc.list_environments(*of_project, **filters)) == found, filters
    assert ids(dbtc.list_environments(ACCOUNT, PROJECT)) == [ENVIRONMENT]


POSTGRES = {
    "id": None,
    "account_id": ACCOUNT,
    "state": 1,
    "type": "postgres",
    "username": "u",
    "password": "a secret",
    "default_schema": "s",
    "target_name": "t",
    "threads": 4,
}


def test_credentials_live_from_creation_to_deletion(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    wanted = POSTGRES | {"project_id": project["id"]}
    made = dbtc.create_credentials(*of_project, wanted)
    assert (made["username"], made["default_schema"]) == ("u", "s")
    changed = dbtc.update_credentials(
        *of_project, made["id"], {**made, "password": "another secret", "threads": 8}
    )
    assert changed["threads"] == 8
    (listed,) = dbtc.list_credentials(*of_project)
    assert (listed["id"], listed["threads"]) == (made["id"], 8)
    assert "secret" not in str([made, changed, listed])
    dbtc.delete_credentials(*of_project, made["id"])
    assert dbtc.list_credentials(*of_project) == []


def test_credentials_are_made_as_documented(dbtc: Judge, project: dict[str, Any]) -> None:
    payload = {
        "id": None,
        "account_id": ACCOUNT,
        "created_by_id": 1,
        "project_id": project["id"],
        "state": 1,
        "adapter_version": "databricks_spark_v0",
    }
    made = dbtc.create_credentials(ACCOUNT, project["id"], payload)
    assert made["adapter_version"] == "databricks_spark_v0"


def test_a_variable_has_values(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    wanted = {
        "account_id": ACCOUNT,
        "project_id": project["id"],
        "name": "DBT_ENV_TEST",
        "type": "project",
        "raw_value": "foo",
    }
    made = dbtc.create_env_vars(*of_project, wanted)

    def values() -> dict[str, Any]:
        shown: dict[str, Any] = dbtc.list_environment_variables(*of_project)["variables"]
        return shown

    assert values() == {"DBT_ENV_TEST": {"project": {"id": made["id"], "value": "foo"}}}
    changed = dbtc.update_env_vars(*of_project, made["id"], {**made, "raw_value": "bar"})
    assert changed["id"] == made["id"]
    assert values()["DBT_ENV_TEST"]["project"]["value"] == "bar"
    dbtc.delete_env_vars(*of_project, made["id"])
    assert values() == {}


def test_a_variable_is_set_for_all_environments_at_once(
    dbtc: Judge, project: dict[str, Any]
) -> None:
    """As documented; what took these bodies is now called ``…_bulk``."""
    of_project = (ACCOUNT, project["id"])
    for name, kind in (("Desk", "development"), ("Night", "deployment")):
        dbtc.create_environment(
            *of_project,
            {
                "account_id": ACCOUNT,
                "project_id": project["id"],
                "name": name,
                "type": kind,
                "dbt_version": "latest",
            },
        )
    payload = {
        "env_var": {
            "name": "DBT_ENV_TEST",
            "ids": [],
            "new_name": "DBT_ENV_TEST",
            "project": "foo",
            "Desk": "dev_value",
            "Night": "deploy_value",
        }
    }
    dbtc.create_env_vars_bulk(*of_project, payload)
    shown = dbtc.list_environment_variables(*of_project)
    values = {name: one["value"] for name, one in shown["variables"]["DBT_ENV_TEST"].items()}
    assert values == {"project": "foo", "Desk": "dev_value", "Night": "deploy_value"}
    assert sorted(shown["environments"]) == ["Desk", "Night", "project"]
    dbtc.delete_env_vars_bulk(*of_project, {"name": "DBT_ENV_TEST"})
    assert dbtc.list_environment_variables(*of_project)["variables"] == {}


def test_a_repository_lives_from_creation_to_deletion(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    wanted = {
        "account_id": ACCOUNT,
        "project_id": project["id"],
        "remote_url": "git@example.com:shop/models.git",
        "git_clone_strategy": "deploy_key",
        "github_installation_id": None,
        "token_str": None,
    }
    made = dbtc.create_repository(*of_project, wanted)
    assert made["full_name"] == "shop/models"
    assert made["deploy_key"]["public_key"].startswith("ssh-")
    assert names(dbtc.list_repositories(*of_project)) == ["models"]
    elsewhere = {**made, "remote_url": "git@example.com:shop/other.git"}
    assert dbtc.update_repository(*of_project, made["id"], elsewhere)["id"] == made["id"]
    (changed,) = dbtc.list_repositories(*of_project)
    assert (changed["remote_url"], changed["full_name"]) == (elsewhere["remote_url"], "shop/other")
    dbtc.delete_repository(*of_project, made["id"])
    assert dbtc.list_repositories(*of_project) == []
