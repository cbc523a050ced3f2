"""dbtc on users, their licenses, invitations and groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, Sandbox, running_sandbox
from tests.conftest import TINY
from tests.judges.conftest import ACCOUNT, PROJECT
from tests.judges.dbtc_judge import Judge, ids, names

OWNER = 1


@pytest.fixture
def group(dbtc: Judge) -> dict[str, Any]:
    payload = {
        "account_id": ACCOUNT,
        "name": "Analysts",
        "assign_by_default": False,
        "sso_mapping_groups": ["mapping_group_1"],
    }
    made: dict[str, Any] = dbtc.create_user_group(ACCOUNT, payload)
    return made


def delete(dbtc: Judge, group: dict[str, Any]) -> None:
    """Delete a group; dbtc hands the body to requests under a name that requests does not know."""
    payload = {**group, "state": 2}
    with pytest.raises(TypeError, match="unexpected keyword argument 'payload'"):
        dbtc.delete_user_group(ACCOUNT, group["id"], payload)
    with dbtc.sending(payload):
        dbtc.delete_user_group(ACCOUNT, group["id"], payload)


def test_a_group_lives_from_creation_to_deletion(dbtc: Judge, group: dict[str, Any]) -> None:
    assert (group["name"], group["sso_mapping_groups"]) == ("Analysts", ["mapping_group_1"])
    assert group["id"] in ids(dbtc.list_groups(ACCOUNT))

    permission = {
        "group_id": group["id"],
        "account_id": ACCOUNT,
        "permission_set": "analyst",
        "project_id": PROJECT,
        "all_projects": False,
    }
    (granted,) = dbtc.assign_group_permissions(ACCOUNT, group["id"], [permission])
    assert {name: granted[name] for name in permission} == permission
    (found,) = [one for one in dbtc.list_groups(ACCOUNT) if one["id"] == group["id"]]
    assert found["group_permissions"][0]["permission_set"] == "analyst"

    delete(dbtc, group)
    assert "Analysts" not in names(dbtc.list_groups(ACCOUNT))


def test_a_user_is_put_into_groups(dbtc: Judge, group: dict[str, Any]) -> None:
    before = ids(dbtc.get_user(ACCOUNT, OWNER)["permissions"][0]["groups"])
    dbtc.assign_user_to_group(
        ACCOUNT, {"user_id": OWNER, "desired_group_ids": [*before, group["id"]]}
    )
    assert ids(dbtc.get_user(ACCOUNT, OWNER)["permissions"][0]["groups"]) == [*before, group["id"]]
    members = {one["id"]: one["member_count"] for one in dbtc.list_groups(ACCOUNT)}
    assert members[group["id"]] == 1

    dbtc.assign_user_to_group(ACCOUNT, {"user_id": OWNER, "desired_group_ids": before})
    assert ids(dbtc.get_user(ACCOUNT, OWNER)["permissions"][0]["groups"]) == before
    delete(dbtc, group)


def test_users_are_listed_and_found(dbtc: Judge) -> None:
    (owner,) = dbtc.list_users(ACCOUNT, state=1, limit=1, offset=0, order_by="-email")
    assert (owner["id"], owner["email"]) == (OWNER, "sandbox@example.com")
    assert dbtc.list_users(ACCOUNT) == [owner]
    assert dbtc.page("list_users", ACCOUNT, offset=1) == ([], 1)
    assert dbtc.get_user(ACCOUNT, OWNER)["fullname"] == "Sandbox Owner"
    assert dbtc.refused("get_user", ACCOUNT, 999)["code"] == 404


def test_invited_users_are_listed(dbtc: Judge, trusted: Sandbox) -> None:
    assert "new@example.com" not in [
        one["email_address"] for one in dbtc.list_invited_users(ACCOUNT)
    ]
    # dbtc has no call that invites.
    requests.post(
        f"{trusted.url}/api/v3/accounts/{ACCOUNT}/invites/",
        headers={"Authorization": f"Token {trusted.dbt_token}"},
        json={"email_addresses": ["new@example.com"], "license_type": "developer"},
        timeout=30,
    ).raise_for_status()
    assert [one["email_address"] for one in dbtc.list_invited_users(ACCOUNT)] == ["new@example.com"]


def test_a_license_is_deactivated_once(
    tmp_path: Path,
    dbt: DbtClient,
    called: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a sandbox of its own: it is the only user's."""
    with (
        running_sandbox(tmp_path, TINY, tls=True, dbt=dbt) as sandbox,
        Judge(sandbox, called) as alone,
    ):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.ca))
        (license_,) = alone.get_user(ACCOUNT, OWNER)["permissions"]
        wanted = {**license_, "state": 2, "permission_statements": []}
        ended = alone.deactivate_user_license(ACCOUNT, license_["id"], wanted)
        assert (ended["user_id"], ended["state"]) == (OWNER, 2)
        assert alone.get_user(ACCOUNT, OWNER)["is_active"] is False
        (licenses,) = alone.get_account_licenses(ACCOUNT)
        assert licenses["developer"]["in_use"] == 0
        refused = alone.refused("deactivate_user_license", ACCOUNT, license_["id"], wanted)
        assert refused["code"] in (400, 404)
