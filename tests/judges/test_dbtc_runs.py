"""dbtc runs jobs, with real dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.judges.conftest import ACCOUNT, BROKEN, BUILD, ENVIRONMENT, PROJECT, SLOW
from tests.judges.dbtc_judge import Judge, Quiet, ids
from tests.waiting import wait_until

SUCCESS, ERROR, CANCELLED = 10, 20, 30
# Fails as long as the file is not there.
GATED = "dbt run --select people --vars '{{bad: (select count(*) from read_csv($${}$$))}}'"


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The run that several tests look at."""
    return {}


@pytest.fixture
def built(dbtc: Judge, kept: dict[str, Any]) -> dict[str, Any]:
    """A run that has built the project; it is made once."""
    if not kept:
        kept.update(dbtc.trigger_job(ACCOUNT, BUILD, {"cause": "dbtc"}, poll_interval=1))
    return kept


def test_a_job_is_run_to_its_end(dbtc: Judge, built: dict[str, Any]) -> None:
    assert (built["status"], built["job_definition_id"]) == (SUCCESS, BUILD)
    shown = dbtc.get_run(ACCOUNT, built["id"], include_related=["trigger", "job", "run_steps"])
    assert shown["trigger"]["cause"] == "dbtc"
    assert shown["job"]["name"] == "Build"
    assert [step["status"] for step in shown["run_steps"]] == [SUCCESS] * 3
    assert dbtc.refused("get_run", ACCOUNT, 999_999)["code"] == 404


def test_a_job_may_be_left_to_itself_and_cancelled(dbtc: Judge) -> None:
    run = dbtc.trigger_job(ACCOUNT, SLOW, {"cause": "dbtc"}, should_poll=False)
    assert run["is_complete"] is False
    wait_until(lambda: dbtc.get_run(ACCOUNT, run["id"])["status"] == 3)
    assert dbtc.cancel_run(ACCOUNT, run["id"])["status"] == CANCELLED
    assert dbtc.get_run(ACCOUNT, run["id"])["status_humanized"] == "Cancelled"
    newest = dbtc.get_most_recent_run(ACCOUNT, status="cancelled")
    assert newest["id"] == run["id"]


def test_a_job_without_a_cause_is_refused(dbtc: Judge) -> None:
    assert dbtc.refused("trigger_job", ACCOUNT, BUILD, {})["code"] == 400


def test_a_failed_job_is_retried_where_it_failed(dbtc: Judge, tmp_path: Path) -> None:
    gate = tmp_path / "gate.csv"
    payload = {
        "cause": "dbtc",
        "steps_override": [GATED.format(gate), "dbt run --select greetings"],
    }
    lines = []

    def heard(line: str) -> None:
        lines.append(line)
        if line.startswith("Retrying"):
            gate.write_text("id\n1\n2\n")

    dbtc.cloud.console = Quiet(heard)
    run = dbtc.trigger_job(ACCOUNT, BUILD, payload, retries=2)
    assert [line for line in lines if "Retrying" in line] == [
        f"Retrying job {BUILD} after failure.  Retries left: 1"
    ]
    assert run["status"] == SUCCESS
    failed = dbtc.get_run(ACCOUNT, run["retrying_run_id"])
    assert failed["status"] == ERROR
    steps = dbtc.get_run(ACCOUNT, run["id"], include_related=["run_steps"])["run_steps"]
    assert [step["name"] for step in steps[2:]] == [
        "Invoke dbt with `dbt retry`",
        "Invoke dbt with `dbt run --select greetings`",
    ]
    people = dbtc.get_run_artifact(ACCOUNT, run["id"], "compiled/tiny/models/people.sql", step=3)
    assert str(gate) in people


def test_a_job_that_keeps_failing_is_retried_no_more_than_told(dbtc: Judge) -> None:
    run = dbtc.trigger_job(ACCOUNT, BROKEN, {"cause": "dbtc"}, retries=1)
    assert run["status"] == ERROR
    failed = dbtc.get_run(ACCOUNT, run["retrying_run_id"])
    assert (failed["status"], failed["retrying_run_id"]) == (ERROR, None)


def test_a_job_is_triggered_from_its_failure(dbtc: Judge, tmp_path: Path) -> None:
    gate = tmp_path / "gate.csv"
    payload = {"cause": "dbtc", "steps_override": [GATED.format(gate)]}
    failed = dbtc.trigger_job(ACCOUNT, BUILD, payload)
    assert failed["status"] == ERROR
    gate.write_text("id\n1\n")
    resumed = dbtc.trigger_job_from_failure(ACCOUNT, BUILD)
    assert (resumed["retrying_run_id"], resumed["status"]) == (failed["id"], SUCCESS)


def test_artifacts_are_listed_and_read(dbtc: Judge, built: dict[str, Any]) -> None:
    listed = dbtc.list_run_artifacts(ACCOUNT, built["id"])
    assert {"manifest.json", "run_results.json", "compiled/tiny/models/people.sql"} <= set(listed)
    assert dbtc.list_run_artifacts(ACCOUNT, built["id"], step=3) == listed
    results = dbtc.get_run_artifact(ACCOUNT, built["id"], "run_results.json", step=3)
    assert {one["status"] for one in results["results"]} == {"success", "pass"}
    text = dbtc.get_run_artifact(ACCOUNT, built["id"], "compiled/tiny/models/people.sql")
    assert text.startswith("\nselect range as person_id")
    refused = dbtc.refused("get_run_artifact", ACCOUNT, built["id"], "catalog.json")
    assert refused["code"] == 404


def test_the_newest_successful_run_gives_its_artifact(dbtc: Judge, built: dict[str, Any]) -> None:
    newest = dbtc.get_most_recent_run(ACCOUNT, job_definition_id=BUILD, status="success")
    filters = {
        "job_definition_id": BUILD,
        "environment_id": ENVIRONMENT,
        "project_id": PROJECT,
        "step": 3,
    }
    results = dbtc.get_most_recent_run_artifact(ACCOUNT, "run_results.json", **filters)
    assert results["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(newest["id"])
    manifest = dbtc.get_most_recent_run_artifact(ACCOUNT, "manifest.json")
    assert "model.tiny.people" in manifest["nodes"]


def test_nodes_tell_how_long_they_took(dbtc: Judge, built: dict[str, Any]) -> None:
    timing = dbtc.get_run_timing_details(ACCOUNT, PROJECT, built["id"])
    assert "model.tiny.people" in [node["unique_id"] for node in timing]
    assert all(node["execution_time"] >= 0 for node in timing)
    refused = dbtc.refused("get_run_timing_details", ACCOUNT, 999, built["id"])
    assert refused["code"] == 404


def test_runs_are_filtered_ordered_and_paged(dbtc: Judge, built: dict[str, Any]) -> None:
    newest = dbtc.trigger_job(ACCOUNT, BUILD, {"cause": "dbtc", "steps_override": ["dbt parse"]})
    everything, total = dbtc.page("list_runs", ACCOUNT)
    assert total == len(everything) > 1
    assert ids(everything) == sorted(ids(everything))

    def expected(**fields: Any) -> list[int]:
        return [run["id"] for run in everything if fields.items() <= run.items()]

    for filters, found in (
        ({"job_definition_id": BUILD}, expected(job_definition_id=BUILD)),
        ({"environment_id": ENVIRONMENT}, ids(everything)),
        ({"environment_id": 999}, []),
        ({"project_id": PROJECT}, ids(everything)),
        ({"project_id": [998, 999]}, []),
        ({"deferring_run_id": 1}, []),
        ({"status": "success"}, expected(status=SUCCESS)),
        (
            {"status": ["error", "cancelled"]},
            [run["id"] for run in everything if run["status"] in (ERROR, CANCELLED)],
        ),
        ({"order_by": "-id", "limit": 1}, [newest["id"]]),
        ({"order_by": "-id", "limit": 1, "offset": 1}, [ids(everything)[-2]]),
    ):
        assert ids(dbtc.list_runs(ACCOUNT, **filters)) == found, filters
    (run,) = dbtc.list_runs(
        ACCOUNT, include_related=["trigger", "job", "environment"], order_by="-id", limit=1
    )
    assert (run["trigger"]["cause"], run["job"]["id"]) == ("dbtc", BUILD)
    assert run["environment"]["id"] == ENVIRONMENT
    assert dbtc.get_most_recent_run(ACCOUNT, include_related=["job"])["job"]["id"] == BUILD
    assert dbtc.get_most_recent_run(ACCOUNT, job_definition_id=999) == {}
