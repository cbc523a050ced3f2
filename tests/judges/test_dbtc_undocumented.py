"""What dbtc can do besides what it documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT, BUILD, ENVIRONMENT, PROJECT
from tests.judges.dbtc_judge import Judge, ids
from tests.scripted_server import Reply, ScriptedServer
from tests.waiting import wait_until


def lives(
    dbtc: Judge,
    noun: str,
    of: tuple[int, ...],
    payload: dict[str, Any],
    changes: dict[str, Any],
    update: str = "update",
) -> None:
    """Create, get, update and delete a record."""
    made = getattr(dbtc, f"create_{noun}")(*of, payload)
    record = getattr(dbtc, f"get_{noun}")(*of, made["id"])
    assert payload.items() <= {name: record.get(name) for name in payload}.items()
    getattr(dbtc, f"{update}_{noun}")(*of, made["id"], {**payload, **changes})
    changed = getattr(dbtc, f"get_{noun}")(*of, made["id"])
    assert {name: changed[name] for name in changes} == changes
    getattr(dbtc, f"delete_{noun}")(*of, made["id"])
    assert dbtc.refused(f"get_{noun}", *of, made["id"])["code"] == 404


def test_license_maps_live(dbtc: Judge) -> None:
    payload = {
        "account_id": ACCOUNT,
        "license_type": "read_only",
        "sso_license_mapping_groups": ["a"],
    }
    assert dbtc.list_license_maps(ACCOUNT) == []
    lives(dbtc, "license_map", (ACCOUNT,), payload, {"sso_license_mapping_groups": ["a", "b"]})
    assert dbtc.list_license_maps(ACCOUNT) == []


def test_notifications_live(dbtc: Judge) -> None:
    payload = {"account_id": ACCOUNT, "user_id": 1, "type": 1, "on_failure": [BUILD]}
    lives(dbtc, "notification", (ACCOUNT,), payload, {"on_success": [BUILD]})
    outside = {**payload, "type": 4, "external_email": "team@example.com"}
    made = dbtc.create_notification(ACCOUNT, outside)
    found = dbtc.list_notifications(ACCOUNT, external_email="team@example.com")
    assert ids(found) == [made["id"]]
    assert dbtc.list_notifications(ACCOUNT, external_email="nobody@example.com") == []
    dbtc.delete_notification(ACCOUNT, made["id"])


def test_webhooks_live_and_are_sent(dbtc: Judge, server: ScriptedServer) -> None:
    server.script(Reply(200, "{}"))
    payload = {
        "active": True,
        "client_url": f"{server.url}/hook",
        "event_types": ["job.run.completed"],
        "name": "To us",
    }
    made = dbtc.create_webhook(ACCOUNT, payload)
    assert dbtc.get_webhook(ACCOUNT, made["id"])["name"] == "To us"
    assert ids(dbtc.list_webhooks(ACCOUNT, limit=10, offset=0)) == [made["id"]]
    dbtc.update_webhook(ACCOUNT, made["id"], {**payload, "name": "Still to us"})
    assert dbtc.get_webhook(ACCOUNT, made["id"])["name"] == "Still to us"
    dbtc.test_webhook(ACCOUNT, made["id"])
    wait_until(lambda: server.received)
    assert server.received[0].path == "/hook"
    dbtc.delete_webhook(ACCOUNT, made["id"])
    assert dbtc.refused("get_webhook", ACCOUNT, made["id"])["code"] == 404


def test_groups_are_changed(dbtc: Judge) -> None:
    payload = {"account_id": ACCOUNT, "name": "Readers", "assign_by_default": False}
    made = dbtc.create_group(ACCOUNT, payload)
    assert dbtc.get_group(ACCOUNT, made["id"])["name"] == "Readers"
    dbtc.update_group(ACCOUNT, made["id"], {**payload, "name": "Writers"})
    assert dbtc.get_group(ACCOUNT, made["id"])["name"] == "Writers"
    dbtc.update_group(ACCOUNT, made["id"], {**payload, "state": 2})
    assert dbtc.refused("get_group", ACCOUNT, made["id"])["code"] == 404
    assert dbtc.assign_project_group_permissions(ACCOUNT, PROJECT) == []


def test_credentials_are_changed_in_part(dbtc: Judge, project: dict[str, Any]) -> None:
    payload = {
        "account_id": ACCOUNT,
        "project_id": project["id"],
        "type": "postgres",
        "username": "u",
        "default_schema": "s",
        "target_name": "t",
        "threads": 4,
    }
    of_project = (ACCOUNT, project["id"])
    lives(dbtc, "credentials", of_project, payload, {"threads": 8}, "partial_update")


def test_repositories_may_be_managed(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])
    made = dbtc.create_managed_repository(*of_project, {"name": "ours"})
    assert dbtc.get_repository(*of_project, made["id"])["full_name"] == "managed/ours"


def test_extended_attributes_live(dbtc: Judge, project: dict[str, Any]) -> None:
    """dbtc sends no body when it creates them, and updates with POST what the vendor PATCHes."""
    of_project = (ACCOUNT, project["id"])
    assert dbtc.refused("create_extended_attributes", *of_project)["code"] == 400
    with dbtc.sending({"extended_attributes": {"threads": 3}}):
        made = dbtc.create_extended_attributes(*of_project)
    update = (*of_project, made["id"], {"extended_attributes": {"threads": 5}})
    assert dbtc.refused("update_extended_attributes", *update)["code"] == 405
    shown = dbtc.get_extended_attributes(*of_project, made["id"])
    assert shown["extended_attributes"] == {"threads": 3}
    dbtc.delete_extended_attributes(*of_project, made["id"])
    assert dbtc.refused("get_extended_attributes", *of_project, made["id"])["code"] == 404


@pytest.mark.parametrize("noun", ["sl_config", "sl_creds"])
def test_the_semantic_layer_is_configured(noun: str, dbtc: Judge, project: dict[str, Any]) -> None:
    payload = {"name": "Metrics", "environment_id": ENVIRONMENT}
    lives(dbtc, noun, (ACCOUNT, project["id"]), payload, {"name": "Other"})


def test_semantic_layer_credentials_are_changed_in_part(
    dbtc: Judge, project: dict[str, Any]
) -> None:
    of_project = (ACCOUNT, project["id"])
    lives(dbtc, "sl_creds", of_project, {"name": "M"}, {"name": "N"}, "partially_update")


def test_variables_are_changed_at_once(dbtc: Judge, project: dict[str, Any]) -> None:
    of_project = (ACCOUNT, project["id"])

    def values() -> dict[str, str]:
        shown = dbtc.list_environment_variables(*of_project)["variables"]
        return {name: one["project"]["value"] for name, one in shown.items()}

    dbtc.update_env_vars_bulk(*of_project, {"env_var": {"new_name": "DBT_ONE", "project": "first"}})
    assert values() == {"DBT_ONE": "first"}
    changed = {"name": "DBT_ONE", "new_name": "DBT_TWO", "project": "second"}
    dbtc.update_environment_variables(*of_project, {"env_var": changed})
    assert values() == {"DBT_TWO": "second"}


def test_environments_and_endpoints_of_the_account_are_listed(dbtc: Judge) -> None:
    assert ENVIRONMENT in ids(dbtc.list_environments_by_account(ACCOUNT))
    assert dbtc.list_private_link_endpoints(ACCOUNT) == []
