"""Jobs are triggered, waited for and retried as users of dbtc know it."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_dbtsegment.dbt_cloud import DbtCloudApi
from airflow_provider_dbtsegment.exceptions import ConfigurationError
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from tests.dbt_cloud.replies import data, sent
from tests.scripted_server import ScriptedServer

BUILD, BROKEN = 1, 2


def test_a_triggered_job_is_waited_for(dbt_cloud: DbtCloudHook) -> None:
    run = dbt_cloud.trigger_job(
        BUILD, {"cause": "x", "steps_override": ["dbt compile"]}, poll_interval=0.05
    )
    assert run["status"] == 10
    assert dbt_cloud.get_run_timing_details(run["id"])


def test_a_failed_run_is_resumed_where_it_failed(dbt_cloud: DbtCloudHook) -> None:
    run = dbt_cloud.trigger_job(BROKEN, {"cause": "x"}, poll_interval=0.05, retries=1)
    assert run["status"] == 20
    first = dbt_cloud.list_runs(job_definition_id=BROKEN, order_by="-id", limit=2)[1]
    assert dbt_cloud.get_run(run["id"]).get("retrying_run_id") == first["id"]


def test_a_cancelled_run_is_not_retried(api: DbtCloudApi, server: ScriptedServer) -> None:
    server.script(data({"id": 9, "status": 1}), data({"id": 9, "status": 30}))
    run = api.trigger_job(5, {"cause": "x"}, retries=3, poll_interval=0.01)
    assert run["status"] == 30
    assert sent(server) == ["POST /jobs/5/run/", "GET /runs/9/"]


def test_a_run_that_cannot_be_resumed_is_started_again(
    api: DbtCloudApi, server: ScriptedServer
) -> None:
    server.script(
        data({"id": 9, "status": 1}),
        data({"id": 9, "status": 20}),
        data({"id": 9, "status": 20, "can_retry": False}),
        data({"id": 10, "status": 1}),
        data({"id": 10, "status": 10}),
    )
    assert api.trigger_job(5, {"cause": "x"}, retries=1, poll_interval=0.01)["id"] == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"poll_interval": 0},
        {"poll_interval": "1"},
        {"poll_interval": float("nan")},
        {"retries": -1},
        {"retries": "1"},
        {"payload": {}},
        {"payload": None},
    ],
)
def test_wrong_arguments_start_nothing(
    wrong: dict[str, Any], api: DbtCloudApi, server: ScriptedServer
) -> None:
    with pytest.raises(ConfigurationError):
        api.trigger_job(5, **{"payload": {"cause": "x"}, **wrong})
    assert server.received == []
