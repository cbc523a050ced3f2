"""dbtc on the account: what it has, what happened in it, and its service tokens."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from dbtc import dbtCloudClient

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.judges.conftest import ACCOUNT, PROJECT
from tests.judges.dbtc_judge import Judge, ids


def test_the_account_is_found_by_id_and_by_name(dbtc: Judge) -> None:
    account = dbtc.get_account(ACCOUNT)
    assert (account["id"], account["name"], account["run_slots"]) == (ACCOUNT, "Tests", 4)
    assert dbtc.get_account_by_name("Tests") == account
    assert ids(dbtc.list_accounts()) == [ACCOUNT]
    with pytest.raises(Exception, match='Account "Nobody" was not found'):
        dbtc.get_account_by_name("Nobody")
    assert dbtc.refused("get_account", 2)["code"] == 404


def test_a_wrong_token_is_refused(dbtc: Judge) -> None:
    dbtc.cloud.session.headers["Authorization"] = "Bearer of bad news"
    assert dbtc.refused("get_account", ACCOUNT)["code"] == 401


def test_dbtc_takes_host_and_token_from_its_environment(
    trusted: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_CLOUD_HOST", trusted.url.removeprefix("https://"))
    monkeypatch.setenv("DBT_CLOUD_SERVICE_TOKEN", trusted.dbt_token)
    client = dbtCloudClient()
    assert client.cloud.get_account(ACCOUNT)["data"]["name"] == "Tests"
    client.cloud.session.close()


def test_licenses_and_feature_flags_are_told(dbtc: Judge) -> None:
    (licenses,) = dbtc.get_account_licenses(ACCOUNT)
    developer = licenses["developer"]
    assert developer["in_use"] == 1
    assert developer["available"] == developer["total"] - 1
    assert dbtc.list_feature_flags(ACCOUNT) == {"sandbox": True}


def test_what_is_done_is_in_the_audit_log(dbtc: Judge) -> None:
    made = dbtc.create_project(ACCOUNT, {"name": "Audited", "account_id": ACCOUNT})
    dbtc.delete_project(ACCOUNT, made["id"])
    today = datetime.now(timezone.utc).date()
    days = {
        "logged_at_start": str(today - timedelta(1)),
        "logged_at_end": str(today + timedelta(1)),
    }
    newest = dbtc.list_audit_logs(ACCOUNT, **days, limit=2)
    assert [(entry["event_type"], entry["event_context"]["id"]) for entry in newest] == [
        ("v1.events.project.removed", made["id"]),
        ("v1.events.project.added", made["id"]),
    ]
    assert dbtc.list_audit_logs(ACCOUNT, **days, limit=1, offset=1) == newest[1:]
    before = {"logged_at_start": "2001-01-01", "logged_at_end": "2001-01-02"}
    assert dbtc.list_audit_logs(ACCOUNT, **before) == []


def test_a_service_token_opens_the_account_with_its_permissions(dbtc: Judge) -> None:
    wanted = {
        "id": None,
        "name": "api-test",
        "state": 1,
        "account_id": ACCOUNT,
        "access": {
            "admin": {"permissionSet": "admin", "projects": [PROJECT]},
            "job_admin": {"permissionSet": "job_admin", "projects": [PROJECT]},
        },
    }
    token = dbtc.create_service_token(ACCOUNT, wanted)
    assert token["name"] == "api-test"
    secret = token["token_string"]

    grant = {
        "service_token_id": token["id"],
        "account_id": ACCOUNT,
        "permission_set": "job_viewer",
        "project_id": PROJECT,
        "all_projects": False,
    }
    assert dbtc.list_service_token_permissions(ACCOUNT, token["id"]) == []
    dbtc.assign_service_token_permissions(ACCOUNT, token["id"], [grant])
    (listed,) = dbtc.list_service_token_permissions(ACCOUNT, token["id"])
    assert {name: listed[name] for name in grant} == grant

    shown = dbtc.get_service_token(ACCOUNT, token["id"])
    assert (shown["id"], shown["name"], shown["uid"]) == (token["id"], "api-test", token["uid"])
    assert secret not in str(shown)
    assert shown in dbtc.list_service_tokens(ACCOUNT)

    dbtc.cloud.session.headers["Authorization"] = f"Bearer {secret}"
    assert dbtc.get_account(ACCOUNT)["id"] == ACCOUNT
