"""One DAG for each row of the table, as the files of :mod:`.dag_files` want them."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos import points
from tests.chaos.death import FOLDER
from tests.chaos.works import JOBS, MAPPINGS, MODELS

try:
    from airflow.sdk import DAG, get_parsing_context, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task
    from airflow.utils.dag_parsing_context import get_parsing_context

Row = dict[str, Any]
Arguments = dict[str, Any]
#: Stands for the value of the Variable that has the row's name.
VARIABLE = "$VARIABLE"
#: Seconds for which the only slot of a pool is taken.
BUSY = 60.0
#: Where a second worker is to die, there has to be one.
AFTER_THE_EVENT = ("after the event, before it is read", "ended, before Airflow hears of it")


def _community(row: Row) -> tuple[Any, Arguments]:
    from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

    return DbtCloudRunJobOperator, {
        "dbt_cloud_conn_id": row["name"],
        "job_id": JOBS[row["work"]],
        "check_interval": 1,
        "deferrable": row["mode"] == "deferred",
    }


def _dbt_cloud(row: Row) -> tuple[Any, Arguments]:
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


def _segment(row: Row) -> tuple[Any, Arguments]:
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


def _sensor(row: Row) -> Arguments:
    mode = row["mode"].split()[0]
    is_deferred = mode == "deferred"
    mode = {"mode": "poke" if is_deferred else mode}
    # Quicker than this, Airflow mistakes the end of one look for the end of the next.
    interval = 5 if mode["mode"] == "reschedule" else 1
    return {"poke_interval": interval, "timeout": 300, "deferrable": is_deferred, **mode}


def _operator(row: Row) -> tuple[Any, Arguments]:
    if row["provider"] == "community":
        return _community(row)
    return (_dbt_cloud if row["service"] == "dbt_cloud" else _segment)(row)


def _arguments(row: Row, arguments: Arguments) -> Arguments:
    """Return the arguments of a row's task as the DAG file holds them now."""
    arguments = {
        "task_id": "work",
        "retries": row["retries"],
        "retry_delay": timedelta(seconds=row["retry_delay"]),
        **arguments,
        **row["options"],
    }
    if _is_edited(row):
        # How much a task is retried is part of the row, not of the operator.
        arguments |= {name: value for name, value in row["edit"].items() if name != "variable"}
    if row["kill"] and row["kill"]["point"] in AFTER_THE_EVENT and row["provider"] == "ours":
        arguments["end_in_triggerer"] = False
    if "execution_timeout" in arguments:
        arguments["execution_timeout"] = timedelta(seconds=arguments["execution_timeout"])
    template = f"{{{{ var.value.get('{row['name']}') }}}}"
    return {name: template if value == VARIABLE else value for name, value in arguments.items()}


def _is_edited(row: Row) -> bool:
    return bool(row["edit"]) and (Path(os.environ[FOLDER]) / f"{row['name']}.edited").exists()


def _one_task(row: Row, kind: Any, arguments: Arguments) -> None:
    if row["tasks"] == 1:
        kind(**arguments)
        return
    causes = [f"number {number}" for number in range(row["tasks"])]
    kind.partial(**arguments).expand(cause=causes)


def _mapped_over_a_list(row: Row, kind: Any, arguments: Arguments) -> None:
    """Map the task over a list that another task reads from a Variable."""
    name = row["name"]

    @task(task_id="values")
    def values() -> Any:
        try:
            from airflow.sdk import Variable
        except ImportError:
            from airflow.models import Variable

        return json.loads(Variable.get(name))

    del arguments["job_id"]
    kind.partial(**arguments).expand(job_id=values())


def _many_mappings(row: Row, kind: Any, arguments: Arguments) -> None:
    """Map the task over many mappings of one model."""
    del arguments["subscription_id"]
    ids = [mapping["id"] for mapping in MAPPINGS]
    kind.partial(**arguments).expand(subscription_id=ids)


def _two_operators(row: Row, kind: Any, arguments: Arguments) -> None:
    """Execute two operators within one task, of which the edit says how the second differs."""
    own = {name: arguments.pop(name) for name in ("task_id", "retries", "retry_delay")}
    edit = row["edit"]

    @task(**own)
    def both(**context: Any) -> None:
        kind(task_id="first", **arguments).execute(context)
        kind(task_id="second", **{**arguments, **edit}).execute(context)

    both()


def _busy_pool(row: Row, kind: Any, arguments: Arguments) -> None:
    """Take the only slot of the task's pool as soon as the task is deferred."""
    kind(**arguments, pool=row["name"], priority_weight=10)

    @task(task_id="filler", pool=row["name"], priority_weight=1)
    def filler() -> None:
        time.sleep(BUSY)

    filler()


SHAPES = {
    "one task": _one_task,
    "mapped over a list": _mapped_over_a_list,
    "many mappings": _many_mappings,
    "two operators": _two_operators,
    "busy pool": _busy_pool,
}


def _make(row: Row) -> DAG:
    kind, arguments = _operator(row)
    with DAG(row["name"], schedule=None, start_date=datetime(2026, 1, 1), catchup=False) as dag:
        SHAPES[row["shape"]](row, kind, _arguments(row, arguments))
    return dag


def dags_of(file: str) -> dict[str, DAG]:
    """
    Return the DAGs of a file by their ids; in the process of a task that task's DAG alone.

    :param file: The DAG file; beside it are its rows.
    """
    wanted = get_parsing_context().dag_id
    rows: list[Row] = json.loads(Path(file).with_suffix(".json").read_text())
    found = {row["name"]: _make(row) for row in rows if wanted in (None, row["name"])}
    for row in rows:
        if row["name"] == wanted:
            points.install(row)
    return found
