"""One DAG for each row of the table."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context

from tests.chaos import points
from tests.chaos.works import JOBS, MODELS


def _community(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

    return DbtCloudRunJobOperator, {
        "dbt_cloud_conn_id": row["name"],
        "job_id": JOBS[row["work"]],
        "check_interval": 1,
        "deferrable": row["mode"] == "deferred",
    }


def _dbt_cloud(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
    from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor

    if row["mode"].endswith("sensor"):
        run_id = "{{ dag_run.conf['id'] }}"
        return DbtCloudRunSensor, {
            "dbt_cloud_conn_id": row["name"],
            "run_id": run_id,
            **_sensor(row),
        }
    return TriggerDbtJobOperator, {
        "dbt_cloud_conn_id": row["name"],
        "job_id": JOBS[row["work"]],
        "poll_interval": 1,
        "deferrable": row["mode"] == "deferred",
    }


def _segment(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
    from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor

    if row["mode"].endswith("sensor"):
        ids = {"model_id": MODELS[row["work"]], "sync_id": "{{ dag_run.conf['id'] }}"}
        return ReverseETLSyncSensor, {"segment_conn_id": row["name"], **ids, **_sensor(row)}
    return CreateReverseETLManualSyncOperator, {
        "segment_conn_id": row["name"],
        "source_id": "warehouse",
        "model_id": MODELS[row["work"]],
        "subscription_id": row["work"],
        "poll_interval": 1,
        "deferrable": row["mode"] == "deferred",
    }


def _sensor(row: dict[str, Any]) -> dict[str, Any]:
    mode = row["mode"].split()[0]
    is_deferred = mode == "deferred"
    mode = {"mode": "poke" if is_deferred else mode}
    # Quicker than this, Airflow mistakes the end of one look for the end of the next.
    interval = 5 if mode["mode"] == "reschedule" else 1
    return {"poke_interval": interval, "timeout": 300, "deferrable": is_deferred, **mode}


#: Where a second worker is to die, there has to be one.
AFTER_THE_EVENT = ("after the event, before it is read", "ended, before Airflow hears of it")


def _operator(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if row["provider"] == "community":
        return _community(row)
    return (_dbt_cloud if row["service"] == "dbt_cloud" else _segment)(row)


def _make(row: dict[str, Any]) -> DAG:
    kind, arguments = _operator(row)
    arguments = {
        "task_id": "work",
        "retries": row["retries"],
        "retry_delay": timedelta(seconds=1),
        **arguments,
        **row["options"],
    }
    if row["kill"] and row["kill"]["point"] in AFTER_THE_EVENT and row["provider"] == "ours":
        arguments["end_in_triggerer"] = False
    if "execution_timeout" in arguments:
        arguments["execution_timeout"] = timedelta(seconds=arguments["execution_timeout"])
    with DAG(row["name"], schedule=None) as dag:
        if row["tasks"] == 1:
            kind(**arguments)
        else:
            kind.partial(**arguments).expand(
                cause=[f"number {number}" for number in range(row["tasks"])]
            )
    return dag


wanted = get_parsing_context().dag_id
for row in json.loads(Path(os.environ["CHAOS_ROWS"]).read_text()):
    if wanted in (None, row["name"]):
        globals()[row["name"]] = _make(row)
    if wanted == row["name"]:
        points.install(row)
