"""Sensors that begin in the triggerer: with their templates, times and links, or in a worker."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment.triggers import announcing
from airflow_provider_dbtsegment.triggers.beginning import NotHereError, rendering_context
from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from tests.scripted_server import ScriptedServer
from tests.task_bench import again, first_end
from tests.triggers.test_successes import in_a_triggerer, run


def begun(run_id: Any, **changed: Any) -> DbtCloudRunTrigger:
    """Return the trigger of a sensor that begins in the triggerer."""
    begins = {"limit": 5.0, "whole": 60.0}
    made = DbtCloudRunTrigger(
        dbt_cloud_conn_id="dbt_cloud_default",
        run_id=run_id,
        poll_interval=0.05,
        deadline=None,
        began=0.0,
        cancel_on_kill=False,
        begins={**begins, **changed},
    )
    trigger: DbtCloudRunTrigger = in_a_triggerer(again(made))
    return trigger


@pytest.mark.parametrize("run_id", ["run 7", "", None, "0", "{{ nonsense"])
async def test_a_worker_begins_where_arguments_make_no_sense(run_id: Any) -> None:
    trigger = begun(run_id)
    trigger.timeout_after = datetime.now(timezone.utc)
    assert (await first_end(trigger)).payload["begin"] == "in a worker"


async def test_a_run_that_goes_on_is_known_by_its_link(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, Any] = {}

    async def store_xcoms(task_instance: Any, xcoms: dict[str, Any]) -> None:
        stored.update(xcoms)

    monkeypatch.setattr(announcing, "store_xcoms", store_xcoms)
    server.script(run(3, href="https://dbt.example/runs/11"))
    trigger = begun("11")
    trigger.timeout_after = datetime.now(timezone.utc) + timedelta(seconds=58)
    assert (await first_end(trigger)).payload["error"] == "WaitTimeoutError"
    assert stored == {"run_id": 11, "run_url": "https://dbt.example/runs/11"}


async def test_a_worker_begins_where_nobody_knows_since_when_it_is_waited() -> None:
    event = await first_end(begun("11"))
    assert "does not say when the task began" in event.payload["because"]


async def test_a_time_out_counts_from_the_beginning_of_the_task(server: ScriptedServer) -> None:
    server.script(run(3))
    began = datetime.now(timezone.utc) - timedelta(seconds=4)
    for _ in range(2):
        # As often as a triggerer starts again.
        trigger = begun("11")
        trigger.timeout_after = began + timedelta(seconds=60)
        event = await first_end(trigger)
        assert event.payload["error"] == "WaitTimeoutError"
        assert 5 <= datetime.now(timezone.utc).timestamp() - trigger.began < 10


async def test_templates_see_xcoms_of_unmapped_tasks_only() -> None:
    def pull(task_ids: str, **asked: Any) -> str:
        assert asked["map_indexes"] is None
        return f"{task_ids} {asked['key']}"

    def get_task(name: str) -> Any:
        return SimpleNamespace(
            is_mapped=name == "mapped", get_closest_mapped_task_group=lambda: None
        )

    instance = SimpleNamespace(dag_id="d", task_id="t", xcom_pull=pull, start_date="?")
    context = {"ti": instance, "dag": SimpleNamespace(get_task=get_task)}
    seen = rendering_context(context)["task_instance"]
    assert seen.xcom_pull("a") == "a return_value"
    assert seen.xcom_pull(task_ids=["a", "b"], key="k") == ["a k", "b k"]
    assert seen.task_id == "t"
    for refused in (
        lambda: seen.xcom_pull(),
        lambda: seen.xcom_pull("mapped"),
        lambda: seen.xcom_pull("a", dag_id="other"),
        lambda: seen.xcom_pull("a", map_indexes=2),
        lambda: seen.start_date,
    ):
        with pytest.raises(NotHereError):
            refused()
