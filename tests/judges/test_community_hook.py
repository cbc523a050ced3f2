"""The hook of apache-airflow-providers-dbt-cloud, synchronous and not."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import warnings
from typing import Any

import pytest
import requests
from aiohttp import ClientConnectorCertificateError, ClientResponseError
from airflow.providers.common.compat.sdk import AirflowException
from airflow.providers.dbt.cloud.hooks.dbt import (
    DbtCloudHook,
    DbtCloudJobRunException,
    DbtCloudResourceLookupError,
)

from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from tests.judges.conftest import ACCOUNT, BROKEN, BUILD, ENVIRONMENT, PROJECT, SLOW
from tests.judges.dbtc_judge import Judge

SUCCESS, ERROR, CANCELLED = 10, 20, 30


@pytest.fixture
def hook(community_connection: Sandbox) -> DbtCloudHook:
    return DbtCloudHook()


@pytest.fixture(scope="module")
def kept() -> dict[str, int]:
    """The runs that several tests look at."""
    return {}


@pytest.fixture
def built(hook: DbtCloudHook, kept: dict[str, int]) -> int:
    """A run that has built the project."""
    if "built" not in kept:
        kept["built"] = start(hook, BUILD)
        assert hook.wait_for_job_run_status(kept["built"], check_interval=0.1, timeout=60)
    return kept["built"]


def start(hook: DbtCloudHook, job_id: int, **options: Any) -> int:
    run_id: int = hook.trigger_job_run(job_id, cause="The community", **options).json()["data"][
        "id"
    ]
    return run_id


def listed(responses: list[Any]) -> list[Any]:
    return [record for response in responses for record in response.json()["data"]]


def test_the_connection_can_be_tested(hook: DbtCloudHook) -> None:
    assert hook.test_connection() == (True, "Successfully connected to dbt Cloud.")


async def test_nobody_trusts_the_sandbox_unasked(
    hook: DbtCloudHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError):
        await asyncio.to_thread(hook.get_account)
    with pytest.raises(ClientConnectorCertificateError):
        await hook.get_job_status(1)


def test_accounts_projects_and_environments_are_read(hook: DbtCloudHook) -> None:
    assert hook.get_account().json()["data"]["name"] == "Tests"
    assert "Tiny" in [one["name"] for one in listed(hook.list_projects())]
    assert [one["id"] for one in listed(hook.list_projects(name_contains="TIN"))] == [PROJECT]
    assert listed(hook.list_projects(name_contains="nobody's")) == []
    assert hook.get_project(PROJECT).json()["data"]["name"] == "Tiny"
    environments = listed(hook.list_environments(PROJECT, name_contains="prod"))
    assert [one["id"] for one in environments] == [ENVIRONMENT]
    shown = hook.get_environment(PROJECT, ENVIRONMENT).json()["data"]
    assert shown["name"] == "Production"


def test_jobs_are_found_by_id_and_by_names(hook: DbtCloudHook) -> None:
    assert hook.get_job(BUILD).json()["data"]["name"] == "Build"
    filters = {"project_id": PROJECT, "environment_id": ENVIRONMENT, "name_contains": "buil"}
    assert [one["id"] for one in listed(hook.list_jobs(**filters))] == [BUILD]
    place = {"project_name": "Tiny", "environment_name": "Production"}
    assert hook.get_job_by_name(**place, job_name="Build")["id"] == BUILD
    for name, found in (("Twin", 2), ("Build it", 0)):
        with pytest.raises(DbtCloudResourceLookupError, match=f"Found {found} jobs"):
            hook.get_job_by_name(**place, job_name=name)


def test_a_list_is_read_page_by_page(
    hook: DbtCloudHook, dbtc: Judge, project: dict[str, Any]
) -> None:
    environment = {"account_id": ACCOUNT, "name": "Full", "type": "deployment"}
    environment |= {"project_id": project["id"], "dbt_version": "latest"}
    where = dbtc.create_environment(ACCOUNT, project["id"], environment)["id"]
    job = {"account_id": ACCOUNT, "project_id": project["id"], "environment_id": where}
    job |= {"execute_steps": ["dbt parse"], "settings": {"threads": 1, "target_name": "default"}}
    job |= {"triggers": {"github_webhook": False, "schedule": False}, "state": 1}
    for number in range(103):
        dbtc.create_job(ACCOUNT, {**job, "name": f"Job {number}"})
    pages = hook.list_jobs(project_id=project["id"], order_by="-id")
    assert [len(page.json()["data"]) for page in pages] == [100, 3]
    numbers = [int(one["name"].removeprefix("Job ")) for one in listed(pages)]
    assert numbers == list(range(102, -1, -1))


def test_a_run_is_started_watched_and_listed(hook: DbtCloudHook, built: int) -> None:
    assert hook.get_job_run_status(built) == SUCCESS
    # A list would go out as several parameters, of which the last one counts; the provider itself
    # writes it like this.
    run = hook.get_job_run(built, include_related=["trigger,job"]).json()["data"]
    assert (run["trigger"]["cause"], run["job"]["name"]) == ("The community", "Build")
    runs = listed(hook.list_job_runs(job_definition_id=BUILD, order_by="-id"))
    assert built in [one["id"] for one in runs]
    assert {one["job_definition_id"] for one in runs} == {BUILD}
    query = {"job_definition_id": BUILD, "status__in": "[10]", "order_by": "-created_at"}
    newest = hook.get_job_runs(payload={**query, "limit": 1}).json()["data"]
    assert [one["status"] for one in newest] == [SUCCESS]


async def test_a_run_is_watched_without_blocking(
    hook: DbtCloudHook, built: int, asynchronously_trusted: None
) -> None:
    assert await hook.get_job_status(built) == SUCCESS
    details = await hook.get_job_details(built, include_related=["trigger"])
    assert details["data"]["trigger"]["cause"] == "The community"
    with pytest.raises(ClientResponseError, match="404"):
        await hook.get_job_status(999_999)


def test_a_triggerer_needs_nothing_but_its_environment(
    community_connection: Sandbox, built: int
) -> None:
    """aiohttp reads the variable when it is imported, so that this takes a process of its own."""
    code = (
        "import asyncio; from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook as Hook; "
        f"print('It is', asyncio.run(Hook().get_job_status({built})))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SSL_CERT_FILE": str(community_connection.ca)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == f"It is {SUCCESS}"


def test_artifacts_are_listed_and_read(hook: DbtCloudHook, built: int) -> None:
    names = hook.list_job_run_artifacts(built).json()["data"]
    assert {"manifest.json", "run_results.json"} <= set(names)
    results = hook.get_job_run_artifact(built, "run_results.json", step=3).json()
    assert results["metadata"]["env"]["DBT_CLOUD_RUN_ID"] == str(built)


async def test_artifacts_are_read_at_once(hook: DbtCloudHook, built: int) -> None:
    wanted = ["manifest.json", "run_results.json"]
    found = await hook.get_job_run_artifacts_concurrently(
        run_id=built, artifacts=wanted, account_id=ACCOUNT
    )
    assert list(found) == wanted
    assert "model.tiny.people" in found["manifest.json"]["nodes"]


def test_a_run_is_cancelled(hook: DbtCloudHook) -> None:
    run_id = start(hook, SLOW)
    hook.cancel_job_run(run_id)
    with pytest.raises(DbtCloudJobRunException, match="terminal status CANCELLED"):
        hook.wait_for_job_run_status(run_id, check_interval=0.1, timeout=60)


def test_a_failed_run_is_explained_and_retried(
    hook: DbtCloudHook, caplog: pytest.LogCaptureFixture
) -> None:
    hook._log = logging.getLogger("community")
    failed = start(hook, BROKEN)
    with pytest.raises(DbtCloudJobRunException, match="terminal status ERROR"):
        hook.wait_for_job_run_status(failed, check_interval=0.1, timeout=60)
    assert "failed step — step 3: Invoke dbt with `dbt build" in caplog.text
    assert "no_such_column" in caplog.text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the overrides that a retry leaves aside
        retried = start(hook, BROKEN, retry_from_failure=True, schema_override="elsewhere")
    run = hook.get_job_run(retried).json()["data"]
    assert run["retrying_run_id"] == failed
    rerun = {"expected_statuses": ERROR, "check_interval": 0.1, "timeout": 60}
    assert hook.wait_for_job_run_status(retried, **rerun)
    again = hook.retry_failed_job_run(BROKEN).json()["data"]["id"]
    assert hook.wait_for_job_run_status(again, **rerun)


def test_what_is_not_there_is_an_error(hook: DbtCloudHook) -> None:
    with pytest.raises(AirflowException, match="404:Not Found"):
        hook.get_job(999_999)
