"""The operator that keeps artifacts, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_dbtsegment.exceptions import ConfigurationError, NotFoundError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator
from airflow_provider_dbtsegment.sandbox.testing import Action, Fault, running_sandbox
from tests.conftest import TINY
from tests.task_bench import Ended, run_task
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def compiled() -> dict[str, int]:
    """The run that all tests here read, once there is one."""
    return {}


@pytest.fixture
def run_id(dbt_cloud: DbtCloudHook, compiled: dict[str, int]) -> int:
    if not compiled:
        compiled["id"] = compiled_run(dbt_cloud)
    return compiled["id"]


def compiled_run(hook: DbtCloudHook) -> int:
    payload = {"cause": "artifacts", "steps_override": ["dbt compile"]}
    run = hook.trigger_job(1, payload, should_poll=False)
    wait_until(lambda: hook.get_run(run["id"]).get("is_complete"))
    return run["id"]


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    """An object storage that Airflow knows as ``memory://``."""
    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    system = MemoryFileSystem()
    attach("memory", fs=system)
    yield system
    system.store.clear()


def write(**kwargs: Any) -> Ended:
    given = {"task_id": "keep", "path": "manifest.json", **kwargs}
    return run_task(GetDbtRunArtifactOperator(**given))


def test_an_artifact_is_written_to_a_path_of_this_machine(
    run_id: int, dbt_cloud: DbtCloudHook, tmp_path: Path
) -> None:
    file = tmp_path / "2026-11-21" / "manifest.json"
    for address in (str(file), file.as_uri(), ObjectStoragePath(str(file))):
        ended = write(run_id=str(run_id), output_path=address, account_id="1")
        assert (ended.state, ended.value) == ("success", str(address)), ended.message
        assert ended.xcoms["size"] == file.stat().st_size
        assert json.loads(file.read_text()) == dbt_cloud.get_run_artifact(run_id, "manifest.json")
        assert list(file.parent.iterdir()) == [file]
        file.write_text("of an earlier try")


def test_an_artifact_is_written_into_an_object_storage(
    run_id: int, memory: MemoryFileSystem
) -> None:
    address, path = "memory://bucket/deep/people.sql", "compiled/tiny/models/people.sql"
    for _ in range(2):
        ended = write(run_id=run_id, path=path, output_path=address, step=3)
        assert ended.state == "success", ended.message
        # Some versions of UPath write the root of the memory, which has no host, as a third slash.
        assert ended.value.replace(":///", "://") == address
        assert memory.find("bucket") == ["/bucket/deep/people.sql"]
        assert memory.size("bucket/deep/people.sql") == ended.xcoms["size"] > 10


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"output_path": "{here}"}, "is a folder. Give the path of a file"),
        ({"output_path": "s3://b/k"}, r"or install apache-airflow-providers-amazon\[s3fs\]"),
        ({"output_path": "gs://b/k"}, "or install apache-airflow-providers-google"),
        ({"output_path": "moon://b/k"}, "install the provider that knows its scheme"),
    ],
)
def test_nothing_is_asked_for_where_nothing_can_be_written(
    given: dict[str, Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody listens there: whatever is asked for fails in another way.
    connection = {
        "conn_type": "dbt_cloud_admin",
        "host": "http://127.0.0.1:9",
        "login": "1",
        "password": "t0k",
    }
    monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
    given = {"output_path": "{here}/manifest.json", "run_id": 1, **given}
    given["output_path"] = given["output_path"].format(here=tmp_path)
    with pytest.raises(ConfigurationError, match=says):
        raise write(**given).error or AssertionError("It ended well.")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_leaves_the_old_file(
    run_id: int, tmp_path: Path, connections: None
) -> None:
    file = tmp_path / "catalog.json"
    file.write_text("old")
    ended = write(run_id=run_id, path="catalog.json", output_path=str(file))
    assert isinstance(ended.error, NotFoundError)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
    assert "size" not in ended.xcoms


def test_a_transfer_that_breaks_off_begins_again(
    own_budget: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_sandbox(tmp_path / "state", TINY, faults=True) as sandbox:
        connection = {
            "conn_type": "dbt_cloud_admin",
            "host": sandbox.url,
            "login": str(sandbox.account_id),
            "password": sandbox.dbt_token,
        }
        monkeypatch.setenv("AIRFLOW_CONN_DBT_CLOUD_DEFAULT", json.dumps(connection))
        run_id = compiled_run(DbtCloudHook())
        sandbox.faults.add(Fault("GET .*/artifacts/manifest.json", Action.HALF, count=2))
        ended = write(run_id=run_id, output_path=str(tmp_path / "kept" / "manifest.json"))
    assert ended.state == "success", ended.message
    (file,) = (tmp_path / "kept").iterdir()
    assert file.stat().st_size == ended.xcoms["size"]
    assert "nodes" in json.loads(file.read_text())
