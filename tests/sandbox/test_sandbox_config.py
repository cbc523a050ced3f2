"""A configuration that cannot be used says the file, the key, and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_provider_dbtsegment.sandbox.config import ConfigError, load_config
from airflow_provider_dbtsegment.sandbox.testing import running_sandbox
from tests.sandbox.conftest import WORKBENCH


def project(folder: Path, config: object = None) -> Path:
    """Make a dbt project, with a ``sandbox.yml`` unless ``config`` is None."""
    (folder / "dbt_project.yml").write_text("name: tiny\nversion: '1.0'\nprofile: tiny\n")
    if config is not None:
        (folder / "sandbox.yml").write_text(yaml.safe_dump(config))
    return folder


def config_with(**changes: Any) -> dict[str, Any]:
    """Return the workbench's configuration; ``changes`` go to its dbt Cloud side."""
    config: dict[str, Any] = yaml.safe_load((WORKBENCH / "sandbox.yml").read_text())
    config["dbt_cloud"].update(changes)
    return config


def with_job(**changes: Any) -> dict[str, Any]:
    """Return the workbench's configuration with a changed first job."""
    config = config_with()
    config["dbt_cloud"]["projects"][0]["jobs"][0].update(changes)
    return config


def test_a_project_without_a_configuration_gets_one_job(tmp_path: Path) -> None:
    """The project is named after ``dbt_project.yml``; its job is ``dbt build``."""
    config = load_config(project(tmp_path))
    (only,) = config.dbt_cloud.projects
    assert only.name == "tiny"
    assert [(job.name, job.execute_steps) for job in only.jobs] == [("Build tiny", ["dbt build"])]
    assert config.segment == {}


def test_such_a_project_is_served(tmp_path: Path) -> None:
    """Nothing but a dbt project is needed, no Segment side either."""
    with running_sandbox(tmp_path / "state", project(tmp_path)) as sandbox:
        assert sandbox.account_id == 1
        assert sandbox.segment_token is None


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "dbt_cloud is missing; add it"),
        ([], "must be a mapping"),
        ({**config_with(), "dbtcloud": 1}, "unknown key dbtcloud; known keys are dbt_cloud, ware"),
        (config_with(tokn="x"), "dbt_cloud: unknown key tokn"),
        (config_with(projects=[]), "dbt_cloud: projects: is empty; list at least one project"),
        (config_with(projects=[{"id": 1}]), "projects[0]: name, environments, jobs is missing"),
        (config_with(projects={}), "dbt_cloud: projects: must be a list"),
        (config_with(account=None), "dbt_cloud: account: must be a mapping, not empty"),
        (config_with(account={"run_slots": 0}), "run_slots: must be at least 1"),
        (config_with(requests_per_minute="x"), "requests_per_minute: must be a whole number"),
        (config_with(token=5), "token: must be a text, not 5"),
        (with_job(environment_id=9), "job 7000: environment_id 9 is not an environment"),
        (with_job(id=7001), "job id 7001 is used twice"),
        (with_job(generate_docs="yes"), "jobs[0]: generate_docs: must be true or false"),
        (with_job(execute_steps=["make"]), "job 7000: execute_steps: 'make' is not a dbt command"),
        (with_job(execute_steps=[]), "execute_steps: is empty"),
        (
            {**config_with(), "warehouse": {"database": "bench.duckdb"}},
            "schema: bench is also the name of the database file",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, config: object, words: str) -> None:
    """The message begins with the file and names the key."""
    with pytest.raises(ConfigError) as caught:
        load_config(project(tmp_path, config))
    assert str(caught.value).startswith(str(tmp_path / "sandbox.yml"))
    assert words in str(caught.value)


def test_a_folder_that_is_no_project_is_told(tmp_path: Path) -> None:
    """So are a configuration that is not there, and one that is no YAML."""
    with pytest.raises(ConfigError, match="Point --project to the folder of a dbt project"):
        load_config(tmp_path)
    project(tmp_path)
    with pytest.raises(ConfigError, match=r"nowhere.yml: cannot be read"):
        load_config(tmp_path, tmp_path / "nowhere.yml")
    (tmp_path / "sandbox.yml").write_text("a: [")
    with pytest.raises(ConfigError, match=r"sandbox.yml: is no YAML"):
        load_config(tmp_path)
