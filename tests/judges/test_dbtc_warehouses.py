"""dbtc on warehouse connections and adapters, with the payloads of its documentation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT
from tests.judges.dbtc_judge import Judge, ids

SNOWFLAKE = {
    "name": "Test",
    "type": "snowflake",
    "details": {
        "account": "an_account",
        "role": "a_role",
        "database": "a_database",
        "warehouse": "a_warehouse",
        "oauth_client_id": None,
        "oauth_client_secret": None,
        "client_session_keep_alive": False,
        "allow_sso": False,
    },
}
BIGQUERY = {
    "name": "<test-bigquery-connection>",
    "type": "bigquery",
    "details": {
        "retries": 1,
        "maximum_bytes_billed": 0,
        "locaiton": None,
        "timeout_seconds": 300,
        "project_id": "a-project",
        "private_key_id": "a-key",
        "private_key": "-----BEGIN PRIVATE KEY----",
        "client_email": "service_account_email@gmail.com",
        "client_id": "<service-account-client-id",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/<one>",
        "application_id": None,
        "application_secret": None,
    },
}
REDSHIFT = {
    "name": "<connection-name>",
    "type": "redshift",
    "details": {
        "hostname": "<hostname>",
        "port": 5439,
        "dbname": "<your-db-name>",
        "tunnel_enabled": False,
    },
}


def of(project: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": None,
        "state": 1,
        "account_id": ACCOUNT,
        "project_id": project["id"],
        **payload,
    }


@pytest.mark.parametrize("payload", [SNOWFLAKE, BIGQUERY, REDSHIFT], ids=lambda one: one["type"])
def test_a_connection_lives_from_creation_to_deletion(
    payload: dict[str, Any], dbtc: Judge, project: dict[str, Any]
) -> None:
    of_project = (ACCOUNT, project["id"])
    assert dbtc.test_connection(ACCOUNT, of(project, payload))["success"] is True
    made = dbtc.create_connection(*of_project, of(project, payload))
    assert (made["name"], made["type"]) == (payload["name"], payload["type"])
    assert "PRIVATE KEY" not in str(made)
    changed = dbtc.update_connection(
        *of_project, made["id"], {**of(project, payload), "id": made["id"], "name": "Other"}
    )
    assert (changed["id"], changed["name"]) == (made["id"], "Other")
    (listed,) = dbtc.list_connections(*of_project)
    assert (listed["id"], listed["name"]) == (made["id"], "Other")
    assert dbtc.get_connection(*of_project, made["id"])["name"] == "Other"
    dbtc.delete_connection(*of_project, made["id"])
    assert dbtc.list_connections(*of_project) == []
    assert dbtc.refused("get_connection", *of_project, made["id"])["code"] == 404


def test_connections_are_filtered_and_paged(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    first, second, third = (
        dbtc.create_connection(*of_project, of(project, payload))["id"]
        for payload in (SNOWFLAKE, BIGQUERY, REDSHIFT)
    )
    dbtc.delete_connection(*of_project, first)
    assert ids(dbtc.list_connections(*of_project, state=1)) == [second, third]
    assert ids(dbtc.list_connections(*of_project, state=2)) == [first]
    found, total = dbtc.page("list_connections", *of_project, limit=1, offset=1)
    assert (ids(found), total) == ([third], 2)


def test_an_adapter_lives_from_creation_to_deletion(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    payload = {"created_by_id": 1, "adapter_version": "databricks_spark_v0"}
    made = dbtc.create_adapter(*of_project, of(project, payload))
    assert made["adapter_version"] == "databricks_spark_v0"
    assert dbtc.get_adapter(*of_project, made["id"]) == made
    other = {**made, "adapter_version": "databricks_v0"}
    assert dbtc.update_adapter(*of_project, made["id"], other)["id"] == made["id"]
    assert dbtc.get_adapter(*of_project, made["id"])["adapter_version"] == "databricks_v0"
    dbtc.delete_adapter(*of_project, made["id"])
    assert dbtc.refused("get_adapter", *of_project, made["id"])["code"] == 404
