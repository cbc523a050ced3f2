"""A run says whose token started it and whose token cancelled it, where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.sandbox.testing import (
    DbtClient,
    FaultError,
    Sandbox,
    running_sandbox,
)
from tests.conftest import TINY
from tests.sandbox.dbt_cloud.bodies import PERSONAL_TOKENS, V2, V3
from tests.sandbox.dbt_cloud.world import World

SERVICE_TOKENS = V3 + "service-tokens/"
OWNER = {"id": "1", "type": "user", "name": "Sandbox Owner"}
#: As dbt Cloud's clients write it: JSON, a Python list, names between commas.
FORMS = ['["audit"]', "['audit']", "audit", "trigger,audit", "['trigger', 'audit']"]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[World]:
    """A sandbox whose runs start and never get further, because dbt does not."""
    with running_sandbox(tmp_path, TINY, dbt=DbtClient(), faults=True) as sandbox:
        yield World(sandbox)


def start(world: World) -> int:
    return int(world.data("POST", f"{V2}jobs/1/run/", json={"cause": "A test"})["id"])


def audit(world: World, run_id: int, related: str = '["audit"]') -> Any:
    return world.data("GET", f"{V2}runs/{run_id}/", params={"include_related": related})["audit"]


def service_token(world: World, name: str) -> tuple[World, dict[str, str]]:
    """Return a caller with a new service token, and the actor that it is."""
    grants = [{"permission_set": "job_admin", "all_projects": True}]
    made = world.make(SERVICE_TOKENS, name=name, permission_grants=grants)
    actor = {"id": str(made["id"]), "type": "service_token", "name": name}
    return World(world.sandbox, made["token_string"]), actor


@pytest.mark.parametrize("related", FORMS)
def test_a_run_that_goes_on_names_who_started_it_and_no_cancellation(
    account: World, related: str
) -> None:
    run_id = start(account)
    expected = {"trigger": {"actor": OWNER}, "cancellation": None}
    assert audit(account, run_id, related) == expected
    (listed,) = account.data("GET", f"{V2}runs/", params={"include_related": related})
    assert listed["audit"] == expected


@pytest.mark.parametrize("related", ["", "[]", '["trigger"]', "['job']"])
def test_nothing_is_said_of_it_where_it_is_not_asked_for(account: World, related: str) -> None:
    run_id = start(account)
    assert audit(account, run_id, related) is None
    (listed,) = account.data("GET", f"{V2}runs/", params={"include_related": related})
    assert listed["audit"] is None


def test_two_tokens_are_two_actors(account: World) -> None:
    """One starts a run, and another one cancels it: a service token, or a person's own token."""
    airflow, its_actor = service_token(account, "Airflow")
    other, other_actor = service_token(account, "Another Airflow")
    personal = World(account.sandbox, account.make(PERSONAL_TOKENS)["token_string"])
    for caller, actor in (
        (airflow, its_actor),
        (other, other_actor),
        (account, OWNER),
        (personal, {**OWNER, "name": "sandbox@example.com"}),
    ):
        run_id = start(airflow)
        caller.data("POST", f"{V2}runs/{run_id}/cancel/")
        assert audit(other, run_id) == {
            "trigger": {"actor": its_actor},
            "cancellation": {"actor": actor},
        }


def test_a_run_that_waits_in_the_queue_is_cancelled_by_somebody_too(account: World) -> None:
    start(account)
    queued = start(account)
    caller, actor = service_token(account, "Airflow")
    caller.data("POST", f"{V2}runs/{queued}/cancel/")
    assert audit(account, queued)["cancellation"] == {"actor": actor}


def test_what_dbt_cloud_cancels_by_itself_has_no_actor(account: World) -> None:
    running, queued = start(account), start(account)
    faults = account.sandbox.faults
    assert faults is not None
    faults.cancel_run(queued)
    faults.cancel_run(running, "This run was superseded by a newer one.")
    for run_id, message in ((queued, "no resources"), (running, "superseded by a newer one")):
        run = account.data("GET", f"{V2}runs/{run_id}/", params={"include_related": "audit"})
        assert (run["status"], run["is_cancelled"]) == (30, True)
        assert message in run["status_message"]
        assert run["audit"]["cancellation"] == {"actor": None}
    with pytest.raises(FaultError, match="has ended already"):
        faults.cancel_run(running)
    with pytest.raises(FaultError, match="no run 77"):
        faults.cancel_run(77)
    with pytest.raises(FaultError, match="message"):
        faults.cancel_run(running, "")


def test_dbt_cloud_is_told_over_http_to_cancel_a_run(account: World) -> None:
    run_id = start(account)
    url = f"{account.sandbox.url}/sandbox/runs/{run_id}/cancel"
    told = requests.post(url, json={"message": "The run's timeout was exceeded."}, timeout=20)
    assert told.json() == {"id": run_id}
    assert audit(account, run_id)["cancellation"] == {"actor": None}
    run = account.data("GET", f"{V2}runs/{run_id}/")
    assert run["status_message"] == "The run's timeout was exceeded."
    again = requests.post(url, json={}, timeout=20)
    assert again.status_code == 422
    assert "has ended already" in again.json()["error"]


def test_who_started_and_cancelled_a_run_outlives_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, TINY, dbt=DbtClient(), faults=True) as sandbox:
        caller, actor = service_token(World(sandbox), "Airflow")
        run_id = start(caller)
        caller.data("POST", f"{V2}runs/{run_id}/cancel/")
    with running_sandbox(tmp_path, TINY, dbt=DbtClient(), faults=True) as again:
        expected = {"trigger": {"actor": actor}, "cancellation": {"actor": actor}}
        assert audit(World(again), run_id) == expected


def test_segment_is_opened_by_the_tokens_that_are_set(tmp_path: Path) -> None:
    """A token is rotated: both open it, then the new one alone."""
    with running_sandbox(tmp_path, TINY, dbt=DbtClient(), faults=True) as sandbox:
        old = str(sandbox.segment_token)
        assert sandbox.faults is not None
        for tokens, opened in (
            ([], [old]),
            ([old, "new"], [old, "new"]),
            (["new"], ["new"]),
            ([], [old]),
        ):
            sandbox.faults.set_segment_tokens(tokens)
            assert [one for one in (old, "new", "other") if _opens(sandbox, one)] == opened
        url = f"{sandbox.url}/sandbox/segment-tokens"
        assert requests.put(url, json={"tokens": ["other"]}, timeout=10).json() == {"count": 1}
        assert _opens(sandbox, "other")
        for wrong in ({"tokens": "other"}, {"tokens": [""]}, {"token": []}, []):
            assert requests.put(url, json=wrong, timeout=10).status_code == 422
        assert _opens(sandbox, "other")


def _opens(sandbox: Sandbox, token: str) -> bool:
    answer = requests.get(
        f"{sandbox.url}/reverse-etl-models",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert answer.status_code in (200, 401)
    return answer.status_code == 200
