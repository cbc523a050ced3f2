"""Things of every kind in a sandbox, made through its API when a test first needs them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.sandbox.dbt_cloud.bodies import BODIES, PROJECT, V2, V3

USER, PROJECT_ID, ENVIRONMENT_ID, JOB_ID = 1, 70, 700, 7001


@dataclass
class World:
    """A sandbox, and what was made in it."""

    sandbox: Sandbox
    token: str = ""
    _made: dict[str, Any] = field(default_factory=dict)

    def session(self) -> requests.Session:
        """Return a session without a token."""
        return requests.Session()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request with the token."""
        url = path if path.startswith("http") else self.sandbox.url + path
        token = self.token or self.sandbox.dbt_token
        return requests.request(
            method, url, headers={"Authorization": f"Token {token}"}, timeout=60, **options
        )

    def data(self, method: str, path: str, **options: Any) -> Any:
        """Return the data of an answer that must be a success."""
        answer = self.call(method, self.place(path), **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()["data"] if answer.content else None

    def make(self, path: str, **changes: Any) -> Any:
        """Make a new thing by posting to a path."""
        return self.data("POST", path, json=self.body("POST", path, **changes))

    def body(self, method: str, path: str, **changes: Any) -> Any:
        """Return a body that an operation takes."""
        body = BODIES.get((method, path))
        if callable(body):
            body = body(self)
        return {**body, **changes} if isinstance(body, dict) else body

    def some(self, path: str) -> Any:
        """Return a thing made by posting to a path; all callers share it."""
        if path not in self._made:
            self._made[path] = self.make(path)
        return self._made[path]

    def place(self, path: str) -> str:
        """Fill the parameters of a path that name what is there from the start."""
        return (
            path.replace("{account_id}", str(self.sandbox.account_id))
            .replace("{project_id}", str(PROJECT_ID))
            .replace("{environment_id}", str(ENVIRONMENT_ID))
            .replace("{user_id}", str(USER))
            .replace("{job_id}", str(JOB_ID))
        )

    def finished_run(self, job_id: int = JOB_ID, **body: Any) -> Any:
        """Run a job to its end."""
        run = self.data("POST", f"{V2}jobs/{job_id}/run/", json={"cause": "A test", **body})
        return self.finish(run["id"])

    def finish(self, run_id: int) -> Any:
        """Wait for the end of a run."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            run = self.data("GET", f"{V2}runs/{run_id}/")
            if run["is_complete"]:
                return run
            time.sleep(0.05)
        raise AssertionError(f"Run {run_id} did not end")

    def failed_run(self) -> Any:
        """Run a job that fails in a way that can be retried."""
        steps = ["dbt run --select gated --vars '{gate: /nowhere.csv}'"]
        return self.finished_run(7000, steps_override=steps)

    def built_run(self) -> Any:
        """Return a run that has artifacts; all callers share it."""
        if "run" not in self._made:
            self._made["run"] = self.finished_run(7000)
        return self._made["run"]

    def event(self) -> Any:
        """Return an event of a webhook; nobody takes it."""
        if "event" not in self._made:
            webhook = self.some(f"{V3}webhooks/subscriptions")
            path = f"{V3}webhooks/subscription/{webhook['id']}"
            made = self.data("GET", f"{path}/test")
            receipts = self.data("GET", f"{V3}webhooks/event/{made['event_id']}/receipts")
            self._made["event"] = {
                "id": made["event_id"],
                "subscription_id": webhook["id"],
                "receipt_id": receipts[0]["id"],
            }
        return self._made["event"]


def path_of(world: World, method: str, template: str) -> str:
    """Return the path of an operation, with the ids of things that are there.

    Where the operation deletes, cancels or retries, the thing is made for it alone.
    """
    if (method, template) in OWN:
        return world.place(OWN[method, template](world))
    if template in SHARED:
        return world.place(SHARED[template](world))
    for ending in ("{id}/", "{id}", "{pl_endpoint_ksuid}/"):
        if template.endswith(ending):
            collection = template.removesuffix(ending)
            made = world.make(collection) if method == "DELETE" else world.some(collection)
            return world.place(f"{collection}{made['id']}{'/' if ending.endswith('/') else ''}")
    path = world.place(template)
    assert "{" not in path, f"Nothing tells what stands in {path}"
    return path


def _queued_run(world: World) -> int:
    first = world.data("POST", f"{V2}jobs/7002/run/", json={"cause": "First"})
    second = world.data("POST", f"{V2}jobs/7002/run/", json={"cause": "Second"})
    assert first["id"] < second["id"]
    return int(second["id"])


def _lineage(world: World) -> str:
    path = PROJECT + "integrations/lineage/"
    return f"{path}{world.some(path)['id']}"


def _invite_id(world: World) -> int:
    world.some(f"{V3}invites/")
    return int(world.data("GET", f"{V2}invites/")[0]["id"])


def _step_id(world: World) -> int:
    run = world.data(
        "GET", f"{V2}runs/{world.built_run()['id']}/", params={"include_related": "run_steps"}
    )
    return int(run["run_steps"][0]["id"])


def _webhook(world: World) -> str:
    return f"{V3}webhooks/subscription/{world.some(V3 + 'webhooks/subscriptions')['id']}"


Place = Callable[[World], str]
WEBHOOK = V3 + "webhooks/subscription/{subscription_id}"
LINEAGE = PROJECT + "integrations/lineage/{id}/"
MANAGED = PROJECT + "managed-repositories/"

OWN: dict[tuple[str, str], Place] = {
    ("POST", V2 + "runs/{run_id}/cancel/"): lambda w: f"{V2}runs/{_queued_run(w)}/cancel/",
    ("POST", V2 + "runs/{run_id}/retry/"): lambda w: f"{V2}runs/{w.failed_run()['id']}/retry/",
    ("GET", V2 + "runs/{run_id}/retry/"): lambda w: f"{V2}runs/{w.failed_run()['id']}/retry/",
    ("DELETE", WEBHOOK): lambda w: (
        f"{V3}webhooks/subscription/{w.make(V3 + 'webhooks/subscriptions')['id']}"
    ),
}
SHARED: dict[str, Place] = {
    V2 + "runs/{id}/": lambda w: f"{V2}runs/{w.built_run()['id']}/",
    V2 + "runs/{run_id}/artifacts/": lambda w: f"{V2}runs/{w.built_run()['id']}/artifacts/",
    V2 + "runs/{run_id}/artifacts/{remainder}": lambda w: (
        f"{V2}runs/{w.built_run()['id']}/artifacts/manifest.json"
    ),
    V2 + "jobs/{job_id}/artifacts/{remainder}": lambda w: (
        f"{V2}jobs/{w.built_run()['job_id']}/artifacts/manifest.json"
    ),
    V2 + "steps/{id}/": lambda w: f"{V2}steps/{_step_id(w)}/",
    V2 + "invites/{id}/": lambda w: f"{V2}invites/{_invite_id(w)}/",
    V2 + "permissions/{id}/": lambda w: f"{V2}permissions/1/",
    "/api/v2/users/{id}/": lambda w: f"/api/v2/users/{USER}/",
    V3 + "users/{id}/": lambda w: f"{V3}users/{USER}/",
    V3 + "group-permissions/{group_id}/": lambda w: (
        f"{V3}group-permissions/{w.some(V3 + 'groups/')['id']}/"
    ),
    V3 + "service-tokens/{service_token_id}/permissions/": lambda w: (
        f"{V3}service-tokens/{w.some(V3 + 'service-tokens/')['id']}/permissions/"
    ),
    V3 + "audit-logs/export/{job_identifier}/download/": lambda w: (
        f"{V3}audit-logs/export/{w.some(V3 + 'audit-logs/export/')['job_id']}/download/"
    ),
    V3 + "ip-restrictions-set/{id}/validate/": lambda w: (
        f"{V3}ip-restrictions-set/"
        f"{w.some(V3 + 'ip-restrictions/')['ip_restriction_rule_set_id']}/validate/"
    ),
    V3 + "ip-restrictions-set/{id}/validate/{rule_id}": lambda w: (
        f"{V3}ip-restrictions-set/"
        f"{w.some(V3 + 'ip-restrictions/')['ip_restriction_rule_set_id']}/validate/"
        f"{w.some(V3 + 'ip-restrictions/')['id']}"
    ),
    LINEAGE + "collections/": lambda w: f"{_lineage(w)}/collections/",
    LINEAGE + "collections/{collection_id}/": lambda w: f"{_lineage(w)}/collections/sales/",
    LINEAGE + "selections": lambda w: f"{_lineage(w)}/selections",
    MANAGED + "{repository_id}/download/": lambda w: f"{MANAGED}{w.some(MANAGED)['id']}/download/",
    WEBHOOK: _webhook,
    WEBHOOK + "/test": lambda w: f"{_webhook(w)}/test",
    WEBHOOK + "/events": lambda w: f"{_webhook(w)}/events",
    WEBHOOK + "/event/{event_id}/receipt": lambda w: (
        f"{V3}webhooks/subscription/{w.event()['subscription_id']}/event/{w.event()['id']}/receipt"
    ),
    V3 + "webhooks/event/{event_id}": lambda w: f"{V3}webhooks/event/{w.event()['id']}",
    V3 + "webhooks/event/{event_id}/receipts": lambda w: (
        f"{V3}webhooks/event/{w.event()['id']}/receipts"
    ),
    V3 + "webhooks/receipt/{receipt_id}": lambda w: (
        f"{V3}webhooks/receipt/{w.event()['receipt_id']}"
    ),
}
