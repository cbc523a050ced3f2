"""Runs are real: dbt builds, fails, is cancelled, and resumes."""

import json
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from tests.sandbox.conftest import WORKBENCH, Caller, wait_for

SLEEP = "dbt run --select sleeper --vars '{{pids: {}}}'"
GATED = "dbt run --select gated behind_the_gate --vars '{{gate: {}}}'"


def names_and_words(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["name"], step["status_humanized"]) for step in run["run_steps"]]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_builds_the_project_step_by_step(workbench: Caller) -> None:
    """A run goes to success, and each step tells its status, its logs and its length."""
    run = workbench.run(7000)
    assert run["status"] == 10
    assert run["status_message"] is None
    assert names_and_words(run) == [
        ("Clone git repository", "Success"),
        ("Create profile from connection DuckDB", "Success"),
        ("Invoke dbt with `dbt run --select one`", "Success"),
    ]
    assert [step["index"] for step in run["run_steps"]] == [1, 2, 3]
    invoked = run["run_steps"][2]
    assert "OK created sql view model bench.one" in invoked["logs"]
    assert "[debug]" in invoked["debug_logs"]
    assert len(run["git_sha"]) == 40
    assert run["created_at"] <= run["dequeued_at"] <= run["started_at"] <= run["finished_at"]
    with duckdb.connect(str(workbench.sandbox.warehouse), read_only=True) as warehouse:
        assert warehouse.sql("select * from bench.one").fetchall() == [(1, "prod", 2)]


def test_overrides_change_what_dbt_does(workbench: Caller) -> None:
    """Schema, target, threads, steps and docs of the request win over those of the job."""
    run = workbench.run(
        7001,
        "dbt run --select one",
        "dbt test --select one",
        schema_override="elsewhere",
        target_name_override="night",
        threads_override=3,
        generate_docs_override=True,
        dbt_version_override="1.0.0-recorded",
        git_branch="feature",
        git_sha="abc123",
    )
    assert run["status"] == 10
    assert [name for name, _ in names_and_words(run)[2:]] == [
        "Invoke dbt with `dbt run --select one`",
        "Invoke dbt with `dbt test --select one`",
        "Invoke dbt with `dbt docs generate`",
    ]
    with duckdb.connect(str(workbench.sandbox.warehouse), read_only=True) as warehouse:
        assert warehouse.sql("select * from elsewhere.one").fetchall() == [(1, "night", 3)]
    assert run["has_docs_generated"] is True
    assert (run["git_branch"], run["git_sha"]) == ("feature", "abc123")
    assert run["dbt_version"] == "1.0.0-recorded"
    assert run["trigger"]["schema_override"] == "elsewhere"

    # Artifacts are those of the step that is named, and of the last one otherwise.
    artifacts = f"/runs/{run['id']}/artifacts/"
    assert "catalog.json" in workbench.get(artifacts)
    assert "catalog.json" not in workbench.get(artifacts, step=3)
    built = workbench.call("GET", f"{artifacts}run_results.json", params={"step": 3}).json()
    assert [result["unique_id"] for result in built["results"]] == ["model.workbench.one"]
    tested = workbench.call("GET", f"{artifacts}run_results.json", params={"step": 4}).json()
    assert tested["results"][0]["unique_id"].startswith("test.workbench.unique_one_id")
    assert tested["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(run["id"])
    compiled = workbench.call("GET", f"{artifacts}compiled/workbench/models/one.sql")
    assert compiled.text.startswith("select 1 as id, 'night'")
    of_job = workbench.call("GET", "/jobs/7001/artifacts/manifest.json").json()
    assert of_job["metadata"]["project_name"] == "workbench"


@pytest.mark.parametrize(
    "name", ["missing.json", "..%2flog.txt", "..%2f..%2f..%2frun.json", "%2fetc%2fpasswd", "a%00b"]
)
def test_only_artifacts_are_served(workbench: Caller, name: str) -> None:
    """A name that is no artifact, or that leads out of the folder, is answered with 404."""
    runs = workbench.get("/runs/", job_definition_id=7000, order_by="-id", limit=1)
    run = runs[0] if runs else workbench.run(7000)
    response = workbench.call("GET", f"/runs/{run['id']}/artifacts/{name}")
    assert response.status_code == 404
    assert response.json()["status"]["is_success"] is False


def test_a_failed_run_resumes_where_it_failed(workbench: Caller, tmp_path: Path) -> None:
    """A failed step skips the rest; a retry runs ``dbt retry``, and then what was skipped."""
    gate = tmp_path / "gate.csv"
    failed = workbench.run(
        7000, "dbt run --select one", GATED.format(gate), "dbt test --select one"
    )
    assert failed["status"] == 20
    assert failed["status_message"] == f"`{GATED.format(gate)}` ended with exit code 1."
    assert [word for _, word in names_and_words(failed)] == [
        "Success",
        "Success",
        "Success",
        "Error",
        "Skipped",
    ]
    assert "No files found" in failed["run_steps"][3]["logs"]
    assert (failed["can_retry"], failed["retry_not_supported_reason"]) == (True, None)
    assert workbench.get(f"/runs/{failed['id']}/retry/") == {
        "failed_step": f"Invoke dbt with `{GATED.format(gate)}`",
        "skipped_steps": ["Invoke dbt with `dbt test --select one`"],
    }

    gate.write_text("id\n1\n2\n")
    retried = workbench.finish(workbench.post(f"/runs/{failed['id']}/retry/"))
    assert retried["status"] == 10
    assert retried["retrying_run_id"] == failed["id"]
    assert [name for name, _ in names_and_words(retried)[2:]] == [
        "Invoke dbt with `dbt retry`",
        "Invoke dbt with `dbt test --select one`",
    ]
    assert "created sql view model bench.behind_the_gate" in retried["run_steps"][2]["logs"]
    assert "bench.one" not in retried["run_steps"][2]["logs"]

    refused = workbench.call("POST", f"/runs/{failed['id']}/retry/")
    assert refused.status_code == 400
    assert refused.json()["data"]["reason"] == "RETRY_NOT_LATEST_RUN"


def test_a_rerun_resumes_only_a_failed_run(workbench: Caller, tmp_path: Path) -> None:
    """The job's newest run decides: resumed when it failed, repeated otherwise."""
    gate = tmp_path / "gate.csv"
    failed = workbench.run(7000, GATED.format(gate))
    gate.write_text("id\n1\n")
    resumed = workbench.finish(workbench.post("/jobs/7000/rerun/"))
    assert (resumed["retrying_run_id"], resumed["status"]) == (failed["id"], 10)
    repeated = workbench.finish(workbench.post("/jobs/7000/rerun/"))
    assert repeated["retrying_run_id"] is None
    assert repeated["trigger"]["cause_category"] == "rerun"


def test_it_says_why_a_run_cannot_be_retried(workbench: Caller) -> None:
    """A run that did not fail, left no results, or failed in another command is not retried."""
    succeeded = workbench.run(7001)
    assert succeeded["retry_not_supported_reason"] == "RETRY_NOT_FAILED_RUN"
    broken = workbench.run(7001, "dbt build --select one --no-such-option")
    assert broken["retry_not_supported_reason"] == "RETRY_NO_RUN_RESULTS"
    other = workbench.run(7001, "dbt ls --no-such-option")
    assert other["retry_not_supported_reason"] == "RETRY_UNSUPPORTED_CMD"


def test_cancelling_kills_the_whole_process_group(workbench: Caller, tmp_path: Path) -> None:
    """When a run says that it is cancelled, dbt and what dbt started are gone."""
    pids = tmp_path / "pids.json"
    run = workbench.start(7000, SLEEP.format(pids), "dbt clean")
    wait_for(pids.exists)
    assert workbench.get(f"/runs/{run['id']}/")["status"] == 3

    cancelled = workbench.post(f"/runs/{run['id']}/cancel/")

    assert [pid for pid in json.loads(pids.read_text()) if is_alive(pid)] == []
    assert (cancelled["status"], cancelled["is_cancelled"]) == (30, True)
    assert names_and_words(workbench.finish(run))[2:] == [
        (f"Invoke dbt with `{SLEEP.format(pids)}`", "Cancelled"),
        ("Invoke dbt with `dbt clean`", "Skipped"),
    ]
    assert workbench.call("POST", f"/runs/{run['id']}/cancel/").status_code == 400


def test_runs_of_one_job_queue_and_slots_are_shared(workbench: Caller, tmp_path: Path) -> None:
    """A second run of a job waits; another job goes at once; the warehouse is taken in turns."""
    pids = tmp_path / "pids.json"
    first = workbench.start(7000, SLEEP.format(pids))
    wait_for(pids.exists)
    second = workbench.start(7000, "dbt clean")
    assert (second["status"], second["blocked_by"]) == (1, [first["id"]])
    assert workbench.run(7001)["status"] == 10

    # This one has a slot and waits for the warehouse, so that there is no slot for the last one.
    waiting = workbench.start(7001, "dbt run --select one")
    wait_for(lambda: workbench.get(f"/runs/{waiting['id']}/")["status"] == 3)
    unlucky = workbench.start(7002)
    assert (unlucky["status"], unlucky["blocked_by"]) == (1, [])
    assert workbench.post(f"/runs/{unlucky['id']}/cancel/")["status"] == 30
    assert workbench.post(f"/runs/{waiting['id']}/cancel/")["status"] == 30

    assert workbench.get(f"/runs/{second['id']}/")["status"] == 1
    workbench.post(f"/runs/{first['id']}/cancel/")
    assert workbench.finish(second)["status"] == 10


def test_a_run_over_its_time_ends_with_an_error(workbench: Caller, tmp_path: Path) -> None:
    """The time-out of the request ends the run, and the message says so."""
    began = time.monotonic()
    run = workbench.run(
        7000, SLEEP.format(tmp_path / "pids.json"), "dbt clean", timeout_seconds_override=2
    )
    assert time.monotonic() - began < 60
    assert (run["status"], run["status_message"]) == (
        20,
        "The run exceeded its timeout of 2 seconds.",
    )
    assert [word for _, word in names_and_words(run)[2:]] == ["Error", "Skipped"]


def test_a_step_is_shown_by_its_id(workbench: Caller) -> None:
    """Steps have ids of their own."""
    step = workbench.run(7001)["run_steps"][2]
    shown = workbench.get(f"/steps/{step['id']}/")
    assert (shown["run_id"], shown["index"], shown["name"]) == (
        step["run_id"],
        3,
        "Invoke dbt with `dbt clean`",
    )
    assert workbench.call("GET", "/steps/999999/").status_code == 404


def test_a_run_is_starting_until_dbt_is_warm(tmp_path: Path) -> None:
    """Meanwhile it can be cancelled, and a stopping sandbox ends it."""
    never_started = DbtClient()
    with running_sandbox(tmp_path, WORKBENCH, dbt=never_started) as sandbox:
        caller = Caller(sandbox)
        run = caller.start(7000)
        assert (run["status"], run["started_at"]) == (2, None)
        assert caller.post(f"/runs/{run['id']}/cancel/")["status"] == 30
        assert {word for _, word in names_and_words(caller.finish(run))} == {"Skipped"}
        left = caller.start(7000)
    with running_sandbox(tmp_path, WORKBENCH, dbt=never_started) as sandbox:
        assert Caller(sandbox).get(f"/runs/{left['id']}/")["status"] == 20
