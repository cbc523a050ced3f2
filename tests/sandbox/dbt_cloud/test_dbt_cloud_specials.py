"""What kinds of records do besides being kept."""

import csv
import hashlib
import hmac
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from tests.sandbox.conftest import WORKBENCH, wait_for
from tests.sandbox.dbt_cloud.bodies import IP_RULE, PERSONAL_TOKENS, PROJECT, SUBSCRIPTION, V2, V3
from tests.sandbox.dbt_cloud.world import World


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A server that keeps signature and body of what is posted to it."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Authorization"], body))
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b"thanks")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhooks_tell_of_runs(world: World, receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    """Signed events of the chosen jobs are sent, and can be read afterwards."""
    url, taken = receiver
    events = ["job.run.started", "job.run.completed", "job.run.errored"]
    webhook = world.data(
        "POST",
        V3 + "webhooks/subscriptions",
        json={
            **SUBSCRIPTION, "name": "Told", "client_url": url, "event_types": events,
            "job_ids": [7001],
        },
    )  # fmt: skip
    world.finished_run(7002)
    run = world.finished_run(7001)
    wait_for(lambda: len(taken) == 2)
    for signature, body in taken:
        key = webhook["hmac_secret"].encode()
        assert signature == hmac.new(key, body, hashlib.sha256).hexdigest()
    told = {json.loads(body)["eventType"]: json.loads(body)["data"] for _, body in taken}
    assert sorted(told) == ["job.run.completed", "job.run.started"]
    assert told["job.run.completed"]["runId"] == str(run["id"])
    assert told["job.run.completed"]["runStatus"] == "Success"

    one = f"{V3}webhooks/subscription/{webhook['id']}"
    event_id = world.data("GET", f"{one}/test")["event_id"]
    wait_for(lambda: len(world.data("GET", f"{one}/events")) == 3)
    (receipt,) = world.data("GET", f"{one}/event/{event_id}/receipt")
    assert (receipt["http_status_code"], receipt["response_body"]) == ("202", "thanks")
    assert world.data("GET", one)["http_status_code"] == "202"
    assert webhook["hmac_secret"] not in world.call("GET", world.place(one)).text
    assert world.data("DELETE", one) == {"id": webhook["id"]}
    assert world.call("GET", world.place(one)).status_code == 404


def test_every_write_is_in_the_audit_log(world: World) -> None:
    """The newest entry is first; a CSV file and an export tell the same."""
    group = world.make(V3 + "groups/")
    entry = world.data("GET", V3 + "audit-logs/", params={"limit": 1})[0]
    assert entry["event_type"] == "v1.events.group.added"
    assert entry["event_context"]["id"] == group["id"]
    assert entry["actor"]["type"] == "user"
    run = world.data("POST", V2 + "jobs/7001/run/", json={"cause": "Audit"})
    newest = world.data("GET", V3 + "audit-logs/", params={"limit": 1})[0]
    assert (newest["event_type"], newest["event_context"]["id"]) == (
        "v1.events.run.added",
        run["id"],
    )
    future = world.data("GET", V3 + "audit-logs/", params={"logged_at_start": "2999-01-01"})
    assert future == []

    text = world.call("GET", world.place(V3 + "audit-logs/download/")).text
    assert [one["id"] for one in csv.DictReader(io.StringIO(text))][-1] == newest["id"]
    job = world.data("POST", V3 + "audit-logs/export/")["job_id"]
    assert world.data("GET", V3 + "audit-logs/export/") == {"is_running": False}
    url = world.data("GET", f"{V3}audit-logs/export/{job}/download/")["download_url"]
    exported = csv.DictReader(io.StringIO(world.call("GET", url).text))
    assert newest["id"] in [one["id"] for one in exported]


def test_groups_have_members_and_permissions(world: World) -> None:
    """A user is put into groups; what a group may do is said anew each time."""
    group = world.make(V3 + "groups/")
    before = world.data("GET", V3 + "groups/1/")["member_count"]
    body = {"user_id": 1, "desired_group_ids": [1, group["id"]]}
    assigned = world.data("POST", V3 + "assign-groups/", json=body)
    assert [one["id"] for one in assigned] == [1, group["id"]]
    shown = world.data("GET", f"{V3}groups/{group['id']}/")
    assert shown["member_count"] == 1
    assert world.data("GET", V3 + "groups/1/")["member_count"] == before
    for sets in (["analyst", "git_admin"], ["developer"]):
        grants = [{"permission_set": one, "all_projects": True} for one in sets]
        world.data("POST", f"{V3}group-permissions/{group['id']}/", json=grants)
        shown = world.data("GET", f"{V3}groups/{group['id']}/")
        assert [one["permission_set"] for one in shown["group_permissions"]] == sets


def test_invitations_are_kept(world: World) -> None:
    """Who is invited is listed."""
    body = {"email_addresses": ["new@example.com"], "license_type": "developer", "group_ids": [3]}
    assert world.data("POST", V3 + "invites/", json=body) == {"sent": ["new@example.com"]}
    invite = world.data("GET", V2 + "invites/")[-1]
    assert invite["email_address"] == "new@example.com"
    assert invite["groups"][0]["name"] == "Everyone"
    assert world.call("POST", world.place(V3 + "invites/"), json=body).status_code == 400


def test_ip_restrictions_tell_who_is_let_in(world: World) -> None:
    """The caller's own address is held against the rules."""
    rule = world.make(V3 + "ip-restrictions/", name="Home")
    path = f"{V3}ip-restrictions-set/{rule['ip_restriction_rule_set_id']}/validate/"

    def verdict(path: str) -> Any:
        return world.call("GET", world.place(path)).json()["is_valid_for_admin"]

    assert verdict(path) is True
    deny = world.make(V3 + "ip-restrictions/", name="Not here", type=2)
    assert verdict(path) is False
    assert verdict(f"{path}{deny['id']}") is True
    world.call("DELETE", world.place(f"{V3}ip-restrictions/{deny['id']}"))
    assert verdict(path) is True
    wrong = world.call(
        "POST",
        world.place(V3 + "ip-restrictions/"),
        json={**IP_RULE, "name": "x", "cidrs": [{"cidr": "1.2.3"}]},
    )
    assert (wrong.status_code, list(wrong.json()["data"])) == (400, ["cidrs"])
    enabled = world.data("POST", V3 + "ip-restrictions-set/", json={"enabled": True})
    assert enabled["enabled"] is True
    assert world.data("GET", f"{V3}ip-restrictions/{rule['id']}")["rule_set_enabled"] is True


def test_bulk_variables_are_all_or_nothing(world: World) -> None:
    """An unknown environment refuses the whole; a value that is null is deleted."""
    path = PROJECT + "environment-variables/bulk/"
    table = PROJECT + "environment-variables/environment/"
    wrong = {"env_var": [{"new_name": "DBT_A", "project": "1"}, {"new_name": "DBT_B", "Moon": "2"}]}
    refused = world.call("POST", world.place(path), json=wrong)
    assert refused.status_code == 400
    assert refused.json()["data"][0]["key_name"] == "DBT_B"
    assert "DBT_A" not in world.data("GET", table)["variables"]
    made = {"new_name": "DBT_A", "project": "1", "Staging": "2"}
    assert len(world.data("POST", path, json={"env_var": [made]})[0]["data"]["new_var_ids"]) == 2
    change = {"env_vars": {"name": "DBT_A", "new_name": "DBT_C", "Staging": None}}
    assert len(world.data("PUT", path, json=change)["deleted_var_ids"]) == 1
    variables = world.data("GET", table)["variables"]
    assert "DBT_A" not in variables
    assert list(variables["DBT_C"]) == ["project"]
    world.data("DELETE", path, json={"name": "DBT_C"})
    assert "DBT_C" not in world.data("GET", table)["variables"]


def test_lineage_collections_are_watched(world: World) -> None:
    """Selections are counted and shown."""
    path = PROJECT + "integrations/lineage/"
    one = f"{path}{world.make(path)['id']}/"
    item = {"identifier": "sales", "name": "Sales", "type": "folder"}

    def watched() -> list[str]:
        found = world.data("GET", one + "collections/")[0]["collections"]
        return [each["identifier"] for each in found if each["watching"]]

    select = world.place(one + "selections")
    counted = world.call("POST", select, json={"to_add": [item]}).json()
    assert (counted["added"], counted["removed"], watched()) == (1, 0, ["sales"])
    counted = world.call("POST", select, json={"to_remove": ["sales"]}).json()
    assert (counted["added"], counted["removed"], watched()) == (0, 1, [])


def test_a_managed_repository_holds_the_project(world: World) -> None:
    """It is sent as an archive."""
    repository = world.make(PROJECT + "managed-repositories/")
    path = f"{PROJECT}managed-repositories/{repository['id']}/download/"
    archive = zipfile.ZipFile(io.BytesIO(world.call("GET", world.place(path)).content))
    assert {"dbt_project.yml", "models/one.sql"} <= set(archive.namelist())


def test_a_connection_that_is_used_stays(world: World) -> None:
    """Environments that use it are named."""
    connection = world.make(V3 + "connections/")
    path = f"{V3}connections/{connection['id']}/"
    environment = world.make(PROJECT + "environments/", connection_id=connection["id"])
    refused = world.call("DELETE", world.place(path))
    assert refused.status_code == 400
    assert environment["name"] in refused.json()["status"]["user_message"]
    assert world.data("GET", path)["config"]["account"] == "xy123"
    world.data("DELETE", f"{V2}environments/{environment['id']}/")
    assert world.call("DELETE", world.place(path)).status_code == 204


def test_notifications_are_unsubscribed(world: World) -> None:
    """All those of the caller are deleted."""
    made = world.make(V2 + "notifications/")
    world.data("POST", "/api/v2/notifications/unsubscribe/")
    assert made["id"] not in [one["id"] for one in world.data("GET", V2 + "notifications/")]


def test_a_deactivated_user_is_shut_out(tmp_path: Path, dbt: DbtClient) -> None:
    """The license is gone, is not counted any more, and cannot be deactivated twice."""
    with running_sandbox(tmp_path, WORKBENCH, dbt=dbt) as sandbox:
        world = World(sandbox)
        token = world.make(PERSONAL_TOKENS)["token_string"]
        before = world.data("GET", V2 + "licenses/")[0]["developer"]["in_use"]
        body = {"license_type": "developer", "state": 2, "groups": [{"id": 1}]}
        world.data("POST", V2 + "permissions/1/", json=body)
        assert world.data("GET", V2 + "licenses/")[0]["developer"]["in_use"] == before - 1
        assert World(sandbox, token).call("GET", "/api/v2/accounts/").status_code == 401
        again = world.call("POST", world.place(V2 + "permissions/1/"), json=body)
        assert again.status_code == 404
