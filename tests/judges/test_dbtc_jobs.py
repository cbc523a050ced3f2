"""dbtc on jobs: made, found, changed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT, BUILD, ENVIRONMENT, PROJECT
from tests.judges.dbtc_judge import Judge, ids


@pytest.fixture
def environment(dbtc: Judge, project: dict[str, Any]) -> dict[str, Any]:
    payload = {
        "account_id": ACCOUNT,
        "project_id": project["id"],
        "name": "Night",
        "type": "deployment",
        "dbt_version": "latest",
    }
    made: dict[str, Any] = dbtc.create_environment(ACCOUNT, project["id"], payload)
    return made


def documented(environment: dict[str, Any], name: str = "<your-job-name>") -> dict[str, Any]:
    """Return the payload of dbtc's documentation."""
    return {
        "account_id": ACCOUNT,
        "project_id": environment["project_id"],
        "id": None,
        "environment_id": environment["id"],
        "name": name,
        "dbt_version": "1.0.1",
        "triggers": {"github_webhook": False, "schedule": False, "custom_branch_only": False},
        "execute_steps": ["dbt build"],
        "settings": {"threads": 1, "target_name": "default"},
        "state": 1,
        "generate_docs": False,
        "schedule": {
            "date": {"type": "every_day"},
            "time": {"type": "every_hour", "interval": 1},
        },
    }


def test_a_job_lives_from_creation_to_deletion(dbtc: Judge, environment: dict[str, Any]) -> None:
    wanted = documented(environment)
    made = dbtc.create_job(ACCOUNT, wanted)
    assert made["execute_steps"] == ["dbt build"]
    assert made["settings"] == {"threads": 1, "target_name": "default"}
    found = dbtc.get_job(ACCOUNT, made["id"], order_by="id")
    assert (found["name"], found["environment_id"]) == ("<your-job-name>", environment["id"])
    related = dbtc.get_job(ACCOUNT, made["id"], include_related=["project", "environment"])
    assert related["environment"]["name"] == "Night"
    assert related["project"]["id"] == environment["project_id"]

    # What was answered can be sent back.
    changed = dbtc.update_job(ACCOUNT, made["id"], {**found, "execute_steps": ["dbt parse"]})
    assert (changed["id"], changed["execute_steps"]) == (made["id"], ["dbt parse"])
    assert dbtc.get_job(ACCOUNT, made["id"])["execute_steps"] == ["dbt parse"]

    dbtc.delete_job(ACCOUNT, made["id"])
    assert dbtc.refused("get_job", ACCOUNT, made["id"])["code"] == 404
    assert dbtc.refused("trigger_job", ACCOUNT, made["id"], {"cause": "?"})["code"] == 404


def test_a_wrong_job_is_refused(dbtc: Judge, environment: dict[str, Any]) -> None:
    wanted = documented(environment)
    for wrong in ({"execute_steps": ["rm -rf /"]}, {"environment_id": 999}, {"name": None}):
        assert dbtc.refused("create_job", ACCOUNT, {**wanted, **wrong})["code"] == 400, wrong
    assert dbtc.list_jobs(ACCOUNT, project_id=environment["project_id"]) == []


def test_jobs_are_filtered_ordered_and_paged(dbtc: Judge, environment: dict[str, Any]) -> None:
    one, two, three = (
        dbtc.create_job(ACCOUNT, documented(environment, name))["id"] for name in ("A", "B", "C")
    )
    dbtc.delete_job(ACCOUNT, three)
    mine = environment["project_id"]
    for filters, found in (
        ({"project_id": mine}, [one, two]),
        ({"environment_id": environment["id"]}, [one, two]),
        ({"project_id": mine, "state": 1, "order_by": "-id"}, [two, one]),
        ({"project_id": mine, "state": 2}, [three]),
        ({"project_id": mine, "limit": 1, "offset": 1}, [two]),
    ):
        assert ids(dbtc.list_jobs(ACCOUNT, **filters)) == found, filters
    everything = ids(dbtc.list_jobs(ACCOUNT, project_id=[PROJECT, mine]))
    assert {BUILD, one, two} <= set(everything)
    _, total = dbtc.page("list_jobs", ACCOUNT, environment_id=ENVIRONMENT, limit=1)
    assert total == 6
