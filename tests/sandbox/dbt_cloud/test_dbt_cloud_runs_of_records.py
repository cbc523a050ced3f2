"""What is made through the API counts when jobs run."""

import duckdb
import pytest

from tests.sandbox.dbt_cloud.bodies import CREDENTIALS, JOB, PROJECT, V2, V3
from tests.sandbox.dbt_cloud.world import World

BUILD = "dbt run --select one"


def rows(world: World, schema: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(world.sandbox.warehouse), read_only=True) as warehouse:
        return warehouse.sql(f"select * from {schema}.one").fetchall()  # noqa: S608 - ours


def test_a_new_job_builds_in_a_new_environment(world: World) -> None:
    """Steps, threads and target are the job's, the schema is that of the credentials."""
    credentials = world.make(PROJECT + "credentials/", default_schema="made")
    environment = world.make(PROJECT + "environments/", credentials_id=credentials["id"])
    job = world.make(
        V2 + "jobs/",
        environment_id=environment["id"],
        execute_steps=[BUILD],
        settings={"threads": 5, "target_name": "night"},
        generate_docs=True,
    )
    run = world.finished_run(job["id"], git_sha="abc", github_pull_request_id=12)
    assert (run["status"], run["environment_id"]) == (10, environment["id"])
    assert run["has_docs_generated"] is True
    assert rows(world, "made") == [(1, "night", 5)]
    shown = world.data(
        "GET", f"{V2}runs/{run['id']}/", params={"include_related": "trigger,job,environment"}
    )
    assert shown["trigger"]["git_sha"] == "abc"
    assert shown["trigger"]["github_pull_request_id"] == 12
    assert (shown["job"]["name"], shown["environment"]["name"]) == (
        job["name"],
        environment["name"],
    )

    # A change counts from the next run on.
    world.data("POST", f"{PROJECT}credentials/{credentials['id']}/", json={"default_schema": "new"})
    world.data(
        "POST",
        f"{V2}jobs/{job['id']}/",
        json={"settings": {"threads": 1}, "generate_docs": False},
    )
    world.finished_run(job["id"])
    assert rows(world, "new") == [(1, "night", 1)]


def test_a_clone_of_a_job_runs(world: World) -> None:
    """What a job is shown as can be posted as a new one."""
    shown = world.data("GET", V2 + "jobs/7000/")
    clone = world.data("POST", V2 + "jobs/", json={**shown, "id": None, "name": "A clone"})
    assert clone["id"] > 100_000
    assert clone["execute_steps"] == shown["execute_steps"]
    assert world.finished_run(clone["id"])["status"] == 10


def test_a_deleted_job_leaves_its_runs(world: World) -> None:
    """It is not there any more and takes no runs; those that it had can be read."""
    job = world.make(V2 + "jobs/")
    run = world.finished_run(job["id"])
    world.data("DELETE", f"{V2}jobs/{job['id']}/")
    for method, path in (("GET", ""), ("POST", "run/"), ("POST", "rerun/")):
        answer = world.call(
            method, world.place(f"{V2}jobs/{job['id']}/{path}"), json={"cause": "x"}
        )
        assert answer.status_code == 404
    again = world.data("GET", f"{V2}runs/{run['id']}/", params={"include_related": "job"})
    assert again["job"]["name"] == job["name"]
    found = world.data("GET", V2 + "runs/", params={"job_definition_id": job["id"]})
    assert [one["id"] for one in found] == [run["id"]]


def test_deleting_a_job_cancels_its_runs(world: World) -> None:
    """Queued runs end as well."""
    job = world.make(V2 + "jobs/")
    runs = [
        world.data("POST", f"{V2}jobs/{job['id']}/run/", json={"cause": str(one)})
        for one in range(3)
    ]
    world.data("DELETE", f"{V2}jobs/{job['id']}/")
    ended = [world.finish(one["id"]) for one in runs]
    assert ended[-1]["is_cancelled"] is True


@pytest.mark.parametrize("seconds", [1])
def test_the_timeout_of_a_new_job_counts(world: World, seconds: int) -> None:
    """``execution.timeout_seconds`` ends its runs."""
    body = {
        **JOB,
        "name": "Too slow",
        "execute_steps": ["dbt run --select sleeper --vars '{pids: /tmp/no-such-folder/pids}'"],
        "execution": {"timeout_seconds": seconds},
    }
    job = world.data("POST", V2 + "jobs/", json=body)
    run = world.finished_run(job["id"])
    assert run["status"] == 20


def test_environment_variables_reach_dbt_and_the_closest_one_wins(world: World) -> None:
    """A job's value wins over its environment's, and that over the project's."""
    path = PROJECT + "environment-variables/"
    name = "DBT_WHO"
    world.data("POST", path + "bulk/", json={"env_var": [{"new_name": name, "project": "project"}]})
    job = world.make(
        V2 + "jobs/",
        execute_steps=[f"""dbt show --inline "select '{{{{ env_var('{name}') }}}}'" """],
    )

    def told() -> str:
        run = world.finished_run(job["id"])
        steps = world.data(
            "GET", f"{V2}runs/{run['id']}/", params={"include_related": "run_steps"}
        )["run_steps"]
        return str(steps[-1]["logs"])

    assert "project" in told()
    world.data("PUT", path + "bulk/", json={"env_vars": {"name": name, "Production": "nearer"}})
    assert "nearer" in told()
    variable = {"name": name, "type": "job", "job_definition_id": job["id"], "raw_value": "mine"}
    world.data("POST", path, json=variable)
    assert "mine" in told()

    seen = world.data("GET", path + "job/", params={"job_definition_id": job["id"]})[name]
    assert {scope: one["value"] for scope, one in seen.items()} == {
        "project": "project",
        "environment": "nearer",
        "job": "mine",
    }
    table = world.data("GET", path + "environment/")
    assert table["environments"][0] == "project"
    assert table["variables"][name]["Production"]["value"] == "nearer"


def test_extended_attributes_overrule_the_profile(world: World) -> None:
    """Their schema and threads win over those of credentials and job."""
    attributes = world.data(
        "POST",
        PROJECT + "extended-attributes/",
        json={"extended_attributes": {"schema": "extended", "threads": 6}},
    )
    environment = world.make(PROJECT + "environments/", extended_attributes_id=attributes["id"])
    job = world.make(V2 + "jobs/", environment_id=environment["id"], execute_steps=[BUILD])
    assert world.finished_run(job["id"])["status"] == 10
    assert rows(world, "extended") == [(1, "prod", 6)]


def test_an_environment_without_credentials_has_a_schema_of_its_own(world: World) -> None:
    """Its name is made of the id."""
    environment = world.make(PROJECT + "environments/")
    job = world.make(V2 + "jobs/", environment_id=environment["id"], execute_steps=[BUILD])
    assert world.finished_run(job["id"])["status"] == 10
    assert len(rows(world, f"environment_{environment['id']}")) == 1


def test_timing_names_the_nodes(world: World) -> None:
    """The vendor's own client asks for it."""
    run = world.built_run()
    (node,) = world.data("GET", f"{V3}projects/70/runs/{run['id']}/timing/")
    assert node["unique_id"] == "model.workbench.one"
    assert node["execution_time"] > 0


def test_all_credentials_have_a_type(world: World) -> None:
    """Each type asks for its own fields."""
    made = world.data("POST", PROJECT + "credentials/", json={**CREDENTIALS, "threads": 2})
    assert (made["type"], made["threads"]) == ("postgres", 2)
