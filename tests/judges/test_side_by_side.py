"""Both providers in one Airflow: on one connection, and without stepping on each other."""

from __future__ import annotations

from contextlib import closing

import pytest
from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator
from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor
from airflow.providers_manager import ProvidersManager

from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.sandbox.testing import Sandbox
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from tests.judges.conftest import ACCOUNT, BUILD
from tests.task_bench import run_task

IN_BOTH_MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


@pytest.fixture(autouse=True)
def connected(
    own_budget: None, community_connection: Sandbox, asynchronously_trusted: None
) -> None:
    """Every task has its connection."""


def test_our_hook_works_on_the_very_same_connection(community_connection: Sandbox) -> None:
    with closing(DbtCloudHook()) as hook:
        reached = f"Reached the account Tests ({ACCOUNT}) of {community_connection.url}."
        assert hook.test_connection() == (True, reached)
        assert hook.settings.transport.base_url == community_connection.url
        assert hook.get_job(BUILD)["name"] == "Build"
        payload = {"cause": "Ours", "steps_override": ["dbt parse"]}
        run = hook.trigger_job(BUILD, payload, poll_interval=0.1)
        assert run["is_success"]


@IN_BOTH_MODES
def test_our_sensor_waits_for_a_run_of_theirs(deferrable: bool) -> None:
    started = run_task(
        DbtCloudRunJobOperator(
            task_id="theirs", job_id=BUILD, trigger_reason="Theirs", wait_for_termination=False
        )
    )
    options = {"poke_interval": 0.1, "timeout": 60, "deferrable": deferrable}
    ended = run_task(DbtCloudRunSensor(task_id="ours", run_id=started.value, **options))
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))


@IN_BOTH_MODES
def test_their_sensor_waits_for_a_run_of_ours(deferrable: bool) -> None:
    started = run_task(
        TriggerDbtJobOperator(task_id="ours", job_id=BUILD, wait_for_termination=False)
    )
    options = {"poke_interval": 0.1, "timeout": 60, "deferrable": deferrable}
    ended = run_task(DbtCloudJobRunSensor(task_id="theirs", run_id=started.value, **options))
    assert (ended.state, ended.deferrals) == ("success", int(deferrable))


@pytest.mark.filterwarnings("ignore:ProvidersManager")
def test_airflow_knows_both() -> None:
    manager = ProvidersManager()
    expected = {
        "dbt_cloud": ("apache-airflow-providers-dbt-cloud", "dbt Cloud"),
        "dbt_cloud_admin": ("airflow-provider-dbtsegment", DbtCloudHook.hook_name),
        "segment_public_api": ("airflow-provider-dbtsegment", None),
    }
    for connection_type, (package, name) in expected.items():
        hook = manager.hooks[connection_type]
        assert hook is not None
        assert hook.package_name == package
        assert name in (None, hook.hook_name)
        assert manager.field_behaviours[connection_type]["relabeling"]["password"]
    shown = [hook.hook_name for hook in manager.hooks.values() if hook]
    assert len(shown) == len(set(shown)), "their names can be told apart in the form"
    links = {link.rpartition(".")[2] for link in manager.extra_links_class_names}
    assert {"DbtCloudRunJobOperatorLink", "DbtCloudRunLink"} <= links
