"""Tokens open the sandbox, are shown once, and other secrets are never shown."""

from typing import Any

import pytest

from tests.sandbox.dbt_cloud.bodies import PERSONAL_TOKENS, PROJECT, V2, V3
from tests.sandbox.dbt_cloud.world import World

SERVICE_TOKENS = V3 + "service-tokens/"


def opens(world: World, token: str) -> bool:
    """Whether a token opens the sandbox."""
    code = World(world.sandbox, token).call("GET", world.place(V2 + "jobs/")).status_code
    assert code in (200, 401)
    return code == 200


def texts_of(world: World, *paths: str) -> str:
    """Return what some paths show, as text."""
    return " ".join(world.call("GET", world.place(path)).text for path in paths)


@pytest.mark.parametrize("path", [SERVICE_TOKENS, PERSONAL_TOKENS])
def test_a_new_token_opens_until_it_is_deleted(world: World, path: str) -> None:
    """Only the answer to its making holds it."""
    made = world.make(path)
    token = made["token_string"]
    one = f"{path}{made['id']}/"
    assert opens(world, token)
    assert token not in texts_of(world, path, one)
    world.data("DELETE", one)
    assert not opens(world, token)


def test_a_rotated_token_replaces_the_old_one(world: World) -> None:
    """The old one opens nothing any more."""
    made = world.make(PERSONAL_TOKENS)
    rotated = world.data("POST", f"{PERSONAL_TOKENS}{made['id']}/")
    assert rotated["id"] == made["id"]
    assert not opens(world, made["token_string"])
    assert opens(world, rotated["token_string"])


def test_a_token_is_renamed_and_its_permissions_are_told(world: World) -> None:
    """They can be said anew, as a list."""
    made = world.make(SERVICE_TOKENS)
    one = f"{SERVICE_TOKENS}{made['id']}/"
    assert made["permission_grants"][0]["permission_set"] == "job_admin"
    assert world.data("PUT", one, json={"name": "Other"})["name"] == "Other"
    assert opens(world, made["token_string"])
    granted = world.data(
        "POST", one + "permissions/", json=[{"permission_set": "analyst", "all_projects": True}]
    )
    assert [grant["permission_set"] for grant in granted] == ["analyst"]
    assert world.data("GET", one + "permissions/") == granted


SECRETS: list[tuple[str, dict[str, Any]]] = [
    (PROJECT + "credentials/", {"password": "hush-hush"}),
    (V2 + "encryptions/", {"private_key": "hush-hush"}),
    (V3 + "oauth-configurations/", {"client_secret": "hush-hush"}),
    (
        PROJECT + "connections/",
        {"details": {"account": "x", "oauth_client_secret": "hush-hush", "password": "hush-hush"}},
    ),
    (
        V3 + "connections/",
        {
            "config": {
                "account": "x",
                "database": "y",
                "warehouse": "z",
                "oauth_client_id": "hush-hush",
                "oauth_client_secret": "hush-hush",
            }
        },
    ),
    (PROJECT + "integrations/lineage/", {"config": {"token_value": "hush-hush"}}),
    (
        PROJECT + "environment-variables/",
        {"name": "DBT_ENV_SECRET_X", "raw_value": "hush-hush"},
    ),
    (PROJECT + "semantic-layer-credentials/", {"name": "x", "values": {"password": "hush-hush"}}),
]


@pytest.mark.parametrize(("path", "secret"), SECRETS, ids=[path for path, _ in SECRETS])
def test_a_secret_is_never_shown(world: World, path: str, secret: dict[str, Any]) -> None:
    """Neither when it is given nor later, in no list and no audit log."""
    body = {**(world.body("POST", path) or {}), **secret}
    made = world.call("POST", world.place(path), json=body)
    assert made.ok, made.text
    shown = texts_of(
        world,
        path,
        f"{path}{made.json()['data']['id']}/",
        V3 + "audit-logs/",
        PROJECT + "environment-variables/environment/",
        "/api/v3/adapter-schema/?adapter_version=snowflake_v0",
    )
    assert "hush-hush" not in made.text + shown


def test_secrets_are_not_on_disk(world: World) -> None:
    """Digests of tokens are kept, passwords are not kept at all."""
    token = world.make(SERVICE_TOKENS)["token_string"]
    world.make(PROJECT + "credentials/", password="disk-hush")
    for path in world.sandbox.state.glob("records.sqlite*"):
        content = path.read_bytes()
        assert token.encode() not in content
        assert b"disk-hush" not in content
