from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger
from tests.scripted_server import Reply, ScriptedServer
from tests.task_bench import again

MakeTrigger = Callable[..., DbtCloudRunTrigger]


@pytest.fixture(autouse=True)
def connected(server: ScriptedServer, own_budget: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, login in (("DBT_CLOUD", "7"), ("SEGMENT", None)):
        connection = {"conn_type": "x", "host": server.url, "login": login, "password": "t0k"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(connection))


@pytest.fixture
def run_trigger() -> MakeTrigger:
    """Make a trigger as the triggerer makes it: again, from what was serialised."""

    def make(timeout: float | None = None, **changed: Any) -> DbtCloudRunTrigger:
        began = time.time()
        arguments = {
            "dbt_cloud_conn_id": "dbt_cloud_default",
            "run_id": 11,
            "poll_interval": 0.05,
            "deadline": None if timeout is None else began + timeout,
            "began": began,
            **changed,
        }
        made = again(DbtCloudRunTrigger(**arguments))
        assert isinstance(made, DbtCloudRunTrigger)
        return made

    return make


@pytest.fixture
def told() -> Callable[[int], Reply]:
    """What dbt Cloud says of the run with a status."""
    return lambda status: Reply(body=json.dumps({"data": {"id": 11, "status": status}}))
