"""Records can be found, ordered, paged, changed and deleted, and outlive a restart."""

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from tests.sandbox.conftest import WORKBENCH
from tests.sandbox.dbt_cloud.bodies import JOB, PROJECT, V2, V3
from tests.sandbox.dbt_cloud.world import World

GROUPS = V3 + "groups/"


@pytest.fixture(scope="module")
def groups(world: World) -> list[dict[str, Any]]:
    """Three groups with names that nothing else has."""
    return [world.make(GROUPS, name=f"Crew {one}") for one in ("b", "a", "c")]


def listed(world: World, path: str, **query: Any) -> list[Any]:
    return [one["id"] for one in world.data("GET", path, params=query)]


def error_of(world: World, method: str, path: str, **options: Any) -> tuple[int, Any]:
    """Return status and fields of a refusal, which has the envelope."""
    answer = world.call(method, world.place(path), **options)
    body = answer.json()
    assert body["status"]["is_success"] is False
    assert body["status"]["code"] == answer.status_code
    return answer.status_code, body["data"]


def test_lists_are_filtered(world: World, groups: list[dict[str, Any]]) -> None:
    """Every filter narrows the list, the documented ones and those that all lists have."""
    b, a, c = (one["id"] for one in groups)
    assert listed(world, GROUPS, name="Crew a") == [a]
    assert listed(world, GROUPS, name__icontains="CREW") == [b, a, c]
    assert listed(world, GROUPS, pk=c) == [c]
    assert listed(world, GROUPS, pk__in=f"[{a},{c}]") == [a, c]
    assert listed(world, GROUPS, id__gt=b, name__icontains="crew") == [a, c]


def test_lists_are_ordered_and_paged(world: World, groups: list[dict[str, Any]]) -> None:
    """Any plain field gives an order; pages follow each other."""
    b, a, c = (one["id"] for one in groups)
    crew = {"name__icontains": "crew"}
    assert listed(world, GROUPS, **crew, order_by="name") == [a, b, c]
    assert listed(world, GROUPS, **crew, order_by="-name") == [c, b, a]
    assert listed(world, GROUPS, **crew, order_by="-id", limit=2) == [c, a]
    assert listed(world, GROUPS, **crew, order_by="-id", limit=2, offset=2) == [b]
    page = world.call("GET", world.place(GROUPS), params={**crew, "limit": 1}).json()["extra"]
    assert page["pagination"] == {"count": 1, "total_count": 3}
    # Lists that document no pages have them all the same.
    assert len(listed(world, V3 + "audit-logs/", limit=1)) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 101}, "limit"),
        ({"offset": -1}, "offset"),
        ({"order_by": "secret"}, "order_by"),
        ({"pk": "one"}, "pk"),
        ({"pk__in": "1,2"}, "pk__in"),
        ({"state": "gone"}, "state"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(
    world: World, query: dict[str, Any], field: str
) -> None:
    """400 names the parameter."""
    code, fields = error_of(world, "GET", GROUPS, params=query)
    assert (code, list(fields)) == (400, [field])


def test_what_is_deleted_is_gone_but_can_be_listed(world: World) -> None:
    """State 2 lists what was deleted, where there is a state; its id is never given again."""
    first = world.make(V2 + "projects/")
    world.data("DELETE", f"{V2}projects/{first['id']}/")
    assert error_of(world, "GET", f"{V2}projects/{first['id']}/")[0] == 404
    assert error_of(world, "DELETE", f"{V2}projects/{first['id']}/")[0] == 404
    assert first["id"] not in listed(world, V2 + "projects/")
    assert first["id"] in listed(world, V2 + "projects/", state=2)
    assert first["id"] in listed(world, V2 + "projects/", state="all", pk__gt=first["id"] - 1)
    assert world.make(V2 + "projects/")["id"] > first["id"]
    group = world.make(GROUPS)
    world.data("POST", f"{GROUPS}{group['id']}/", json={"state": 2})
    assert error_of(world, "GET", f"{GROUPS}{group['id']}/")[0] == 404


def test_a_project_takes_along_what_is_in_it(world: World) -> None:
    """Environments, jobs and everything else of it are deleted with it."""
    project = world.make(V2 + "projects/")
    own = {"project_id": project["id"]}
    environment = world.make(V2 + "environments/", **own)
    job = world.make(V2 + "jobs/", **own, environment_id=environment["id"])
    path = V3 + f"projects/{project['id']}/"
    adapter = world.data("POST", path + "adapters/", json={"adapter_version": "trino_v0"})
    world.data("DELETE", path)
    for gone in (
        f"{V2}environments/{environment['id']}/",
        f"{V2}jobs/{job['id']}/",
        f"{path}adapters/{adapter['id']}/",
        path + "environments/",
    ):
        assert error_of(world, "GET", gone)[0] == 404


def test_changes_are_partial_or_whole(world: World) -> None:
    """POST and PATCH leave the other fields, PUT does not; null empties a field."""
    job = world.make(V2 + "jobs/", description="Before")
    path = f"{V2}jobs/{job['id']}/"
    changed = world.data("POST", path, json={"settings": {"threads": 7}})
    assert changed["settings"] == {"threads": 7, "target_name": "prod"}
    assert (changed["description"], changed["name"]) == ("Before", job["name"])
    assert changed["updated_at"] > job["updated_at"]
    assert changed["created_at"] == job["created_at"]
    assert world.data("POST", path, json={"description": None})["description"] in (None, "")
    webhook = world.make(V3 + "webhooks/subscriptions", description="Before")
    path = f"{V3}webhooks/subscription/{webhook['id']}"
    whole = {"name": "New", "event_types": [], "client_url": "https://x", "active": False}
    assert world.data("PUT", path, json=whole)["description"] is None
    assert error_of(world, "PUT", path, json={"name": "New"})[0] == 400


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        (V2 + "projects/", {}, ["name"]),
        (V2 + "projects/", {"name": ""}, ["name"]),
        (V2 + "projects/", {"name": 5}, ["name"]),
        (V2 + "projects/", {"name": "x", "account_id": 8}, ["account_id"]),
        (V2 + "projects/", {"name": "Empty"}, ["name"]),
        (V2 + "projects/", [], ["body"]),
        (V2 + "jobs/", {**JOB, "name": "x", "environment_id": 1}, ["environment_id"]),
        (V2 + "jobs/", {**JOB, "name": "x", "execute_steps": ["make"]}, ["execute_steps"]),
        (V2 + "jobs/", {**JOB, "name": "x", "settings": {}}, None),
        (V3 + "service-tokens/", {"name": "x", "permission_grants": [{}]}, None),
        (V3 + "groups/", {"name": "x", "sso_mapping_groups": "y"}, ["sso_mapping_groups"]),
        (PROJECT + "credentials/", {"type": "snowflake"}, None),
        (PROJECT + "credentials/", {"type": "oracle"}, ["type"]),
        (PROJECT + "profiles/", {"key": "x", "connection_id": 5, "credentials_id": 5}, None),
        (PROJECT + "profiles/", {"key": "x", "unknown": 5}, None),
        (PROJECT + "environment-variables/", {"name": "HOME", "type": "project"}, ["name"]),
        (PROJECT + "environment-variables/", {"name": "DBT_A", "type": "job"}, None),
        (V3 + "webhooks/subscriptions", {"name": "x"}, None),
        (V3 + "ip-restrictions/", {"name": "x"}, None),
    ],
)
def test_a_wrong_body_is_refused_by_field(
    world: World, path: str, body: Any, fields: list[str] | None
) -> None:
    """400 names what is wrong, in the message as well."""
    code, wrong = error_of(world, "POST", path, json=body)
    assert code == 400
    assert wrong
    if fields is not None:
        assert list(wrong) == fields


def test_what_cannot_be_read_is_refused(world: World) -> None:
    """So is a body that is no JSON, a parameter that is missing, and a method that is not there."""
    assert error_of(world, "POST", GROUPS, data="{")[0] == 400
    assert error_of(world, "GET", PROJECT + "environment-variables/job/") == (
        400,
        {"job_definition_id": ["This parameter is required."]},
    )
    assert error_of(world, "PATCH", GROUPS)[0] == 405
    assert error_of(world, "POST", "/api/v3/no/such/thing/")[0] == 404
    for path in ("projects/1/environments/", "users/99/account-apikeys/", "groups/99999/"):
        assert error_of(world, "GET", V3 + path)[0] == 404
    assert error_of(world, "GET", f"{V3}projects/71/connections/70/")[0] == 404


def test_forms_are_read(world: World) -> None:
    """A form says the same as JSON, with texts for numbers and lists."""
    form = {"name": "From a form", "assign_by_default": "true", "sso_mapping_groups": '["a","b"]'}
    path = world.place(GROUPS)
    for group in (
        world.call("POST", path, data={**form, "name": "A form"}).json()["data"],
        world.call("POST", path, files={name: (None, one) for name, one in form.items()}).json()[
            "data"
        ],
    ):
        assert group["assign_by_default"] is True
        assert group["sso_mapping_groups"] == ["a", "b"]
    run = world.call("POST", world.place(V2 + "jobs/7001/run/"), data={"cause": "A form"})
    assert run.json()["data"]["trigger"]["cause"] == "A form"


def test_a_deletion_is_told_to_those_who_read_json(world: World) -> None:
    """204 has no body; a client that announces JSON gets what was deleted."""
    group = world.make(V3 + "license-maps/")
    path = world.place(f"{V3}license-maps/{group['id']}/")
    header = {
        "Authorization": f"Token {world.sandbox.dbt_token}",
        "Content-Type": "application/json",
    }
    answer = world.session().delete(world.sandbox.url + path, headers=header, timeout=10)
    assert (answer.status_code, answer.json()["data"]["state"]) == (200, 2)


def test_everything_outlives_a_restart(tmp_path: Path, dbt: DbtClient) -> None:
    """Records, deletions, ids and tokens are there again; the configuration changes nothing."""
    with running_sandbox(tmp_path, WORKBENCH, dbt=dbt) as sandbox:
        world = World(sandbox)
        group, gone = world.make(GROUPS), world.make(GROUPS)
        world.data("POST", f"{GROUPS}{gone['id']}/", json={"state": 2})
        token = world.make(V3 + "service-tokens/")["token_string"]
        job = world.make(V2 + "jobs/")
        renamed = world.data("POST", f"{V2}jobs/7000/", json={"name": "Renamed"})
        world.data("DELETE", V2 + "jobs/7002/")
        entries = world.data("GET", V3 + "audit-logs/")
    with running_sandbox(tmp_path, WORKBENCH, dbt=dbt) as sandbox:
        world = World(sandbox, token)
        assert world.data("GET", f"{GROUPS}{group['id']}/") == group
        assert error_of(world, "GET", f"{GROUPS}{gone['id']}/")[0] == 404
        assert world.make(GROUPS)["id"] == gone["id"] + 1
        assert world.data("GET", f"{V2}jobs/{job['id']}/") == job
        assert world.data("GET", V2 + "jobs/7000/") == renamed
        assert error_of(world, "GET", V2 + "jobs/7002/")[0] == 404
        assert world.data("GET", V3 + "audit-logs/")[1:] == entries


def test_the_configuration_wins_where_it_has_changed(tmp_path: Path, dbt: DbtClient) -> None:
    """A job whose text changes is written anew, one whose text is gone is deleted."""
    config = tmp_path / "sandbox.yml"
    text = (WORKBENCH / "sandbox.yml").read_text()
    config.write_text(text)
    with running_sandbox(tmp_path / "state", WORKBENCH, config, dbt=dbt) as sandbox:
        world = World(sandbox)
        for job_id in (7000, 7001):
            world.data("POST", f"{V2}jobs/{job_id}/", json={"name": "Renamed"})
    lines = [line for line in text.splitlines() if "id: 7002" not in line]
    config.write_text("\n".join(lines).replace("name: Build one", "name: Build it"))
    with running_sandbox(tmp_path / "state", WORKBENCH, config, dbt=dbt) as sandbox:
        world = World(sandbox)
        names = [one["name"] for one in world.data("GET", V2 + "jobs/")]
        assert names == ["Build it", "Renamed"]
