"""Links of tasks: there after the start, after a failure, and in mapped tasks, and they lead on."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.dbt_cloud_artifacts import GetDbtRunArtifactOperator
from airflow_provider_dbtsegment.operators.segment import (
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
)
from airflow_provider_dbtsegment.provider_info import get_provider_info
from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.task_bench import TaskInstance, run_task

BUILD, BROKEN = 1, 2
KINDS = [
    TriggerDbtJobOperator,
    GetDbtRunArtifactOperator,
    CreateReverseETLManualSyncOperator,
    TriggerDbtModelSyncOperator,
    DbtCloudRunSensor,
    ReverseETLSyncSensor,
]
MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


def opened(url: str) -> str:
    page = requests.get(url, timeout=10)
    page.raise_for_status()
    return page.text


def mapping(subscription_id: str, model_id: str = "everybody", **options: Any) -> Any:
    return CreateReverseETLManualSyncOperator(
        task_id="sync",
        source_id="warehouse",
        model_id=model_id,
        subscription_id=subscription_id,
        poll_interval=0.1,
        **options,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_task_has_links_that_airflow_knows(kind: type[Any]) -> None:
    registered = get_provider_info()["extra-links"]
    links = kind.operator_extra_links
    assert links
    for link in links:
        assert f"{type(link).__module__}.{type(link).__qualname__}" in registered
        assert link.name
        assert link.xcom_key
    # Airflow tells links of a task by their names.
    assert len({link.name for link in links}) == len(links)


def test_all_links_that_airflow_knows_are_those_of_a_task() -> None:
    ours = {type(link) for kind in KINDS for link in kind.operator_extra_links}  # type: ignore[attr-defined]
    names = {f"{link.__module__}.{link.__qualname__}" for link in ours}
    assert sorted(names) == sorted(get_provider_info()["extra-links"])


@MODES
@pytest.mark.parametrize("job", [BUILD, BROKEN])
def test_a_job_leads_to_its_run(job: int, deferrable: bool, sandbox: Sandbox) -> None:
    instance = TaskInstance(run_id=f"link {job} {deferrable}", map_index=3)
    task = TriggerDbtJobOperator(
        task_id="build", job_id=job, deferrable=deferrable, poll_interval=0.1
    )
    ended = run_task(task, instance)
    assert ended.state == ("success" if job == BUILD else "failed")
    assert f"Run {ended.xcoms['run_id']}" in opened(ended.xcoms["run_url"])


def test_a_run_leads_to_its_documentation(sandbox: Sandbox) -> None:
    task = TriggerDbtJobOperator(
        task_id="build", job_id=BUILD, generate_docs_override=True, poll_interval=0.1
    )
    ended = run_task(task, TaskInstance(run_id="docs"))
    assert "<title>dbt Docs" in opened(ended.xcoms["docs_url"])
    assert '"nodes"' in opened(ended.xcoms["docs_url"] + "manifest.json")
    sensor = DbtCloudRunSensor(task_id="wait", run_id=ended.value, poke_interval=1)
    waited = run_task(sensor, TaskInstance(run_id="docs", task_id="wait"))
    links = {name: ended.xcoms[name] for name in ("run_url", "docs_url")}
    assert links.items() <= waited.xcoms.items()


def test_an_artifact_leads_to_its_run(sandbox: Sandbox, tmp_path: Any) -> None:
    first = run_task(TriggerDbtJobOperator(task_id="b", job_id=BUILD, poll_interval=0.1))
    task = GetDbtRunArtifactOperator(
        task_id="keep", run_id=first.value, path="manifest.json", output_path=str(tmp_path / "m")
    )
    kept = run_task(task, TaskInstance(task_id="keep"))
    assert kept.xcoms["run_url"] == first.xcoms["run_url"]


@MODES
@pytest.mark.parametrize(("subscription", "model"), [("good", "everybody"), ("failing", "broken")])
def test_a_sync_leads_to_the_page_of_its_mapping(
    subscription: str, model: str, deferrable: bool, sandbox: Sandbox
) -> None:
    instance = TaskInstance(run_id=f"link {subscription} {deferrable}", map_index=1)
    ended = run_task(mapping(subscription, model, deferrable=deferrable), instance)
    assert ended.state == ("success" if subscription == "good" else "failed")
    url = ended.xcoms["sync_url"]
    assert url.endswith(
        f"/reverse-etl/destinations/crm/sources/warehouse/instances/crm/mappings/{subscription}"
        f"/source-id/warehouse/model-id/{model}/sync-details"
    )
    assert ended.xcoms["sync_id"] in opened(url)
    assert ended.xcoms["sync_summary"]["sync_url"] == url


def test_a_sensor_that_knows_the_mapping_leads_there_too(sandbox: Sandbox) -> None:
    first = run_task(mapping("good"), TaskInstance(run_id="sensor's link"))
    found = {}
    for subscription in ("good", None):
        sensor = ReverseETLSyncSensor(
            task_id="wait",
            model_id="everybody",
            sync_id=first.value,
            subscription_id=subscription,
            poke_interval=1,
        )
        found[subscription] = run_task(sensor, TaskInstance(task_id="wait")).xcoms
    assert found["good"]["sync_url"] == first.xcoms["sync_url"]
    assert found[None]["sync_url"] == f"{sandbox.url}/goto-my-workspace/reverse-etl"
    assert found[None]["sync_id"] == first.value


def test_reading_dbt_models_leads_to_reverse_etl(sandbox: Sandbox) -> None:
    task = TriggerDbtModelSyncOperator(task_id="read", source_id="warehouse")
    ended = run_task(task, TaskInstance(task_id="read"))
    assert ended.xcoms["segment_url"] == f"{sandbox.url}/goto-my-workspace/reverse-etl"


def test_what_an_earlier_run_has_found_leads_there_without_asking(sandbox: Sandbox) -> None:
    page = (
        f"{sandbox.url}/goto-my-workspace/reverse-etl/any/mappings/good"
        "/source-id/warehouse/model-id/everybody/sync-details"
    )
    instance = TaskInstance(run_id="an earlier link", xcoms={"sync_url": page})
    ended = run_task(mapping("good"), instance)
    assert ended.state == "success"
    assert ended.xcoms["sync_url"] == page
