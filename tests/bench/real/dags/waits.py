"""A DAG for each kind of task and provider: many tasks that wait for dbt Cloud runs."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, get_parsing_context

from tests.bench.real.shape import INTERVAL, KINDS, POOL, PROVIDERS, TASKS_A_RUN, dag_id


def _operator(provider: str) -> tuple[Any, dict[str, Any]]:
    if provider == "ours":
        from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator

        return TriggerDbtJobOperator, {"poll_interval": INTERVAL}
    from airflow.providers.dbt.cloud.operators.dbt import DbtCloudRunJobOperator

    return DbtCloudRunJobOperator, {"check_interval": INTERVAL}


def _sensor(provider: str) -> Any:
    if provider == "ours":
        from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor

        return DbtCloudRunSensor
    from airflow.providers.dbt.cloud.sensors.dbt import DbtCloudJobRunSensor

    return DbtCloudJobRunSensor


def _make(kind: str, provider: str) -> DAG:
    common: dict[str, Any] = {"dbt_cloud_conn_id": provider, "deferrable": True}
    many: dict[str, Any] = {"max_active_runs": 100, "max_active_tasks": 2000}
    with DAG(dag_id(kind, provider), schedule=None, **many) as dag:
        for number in range(TASKS_A_RUN):
            if kind == "operators":
                operator, arguments = _operator(provider)
                operator(
                    task_id=f"wait_{number}",
                    job_id=number + 1,
                    pool=POOL,
                    **arguments,
                    **common,
                )
            else:
                # The runs of each DAG run are started before it, one after the other.
                run_id = f"{{{{ dag_run.conf['first'] + {number} }}}}"
                _sensor(provider)(
                    task_id=f"wait_{number}",
                    run_id=run_id,
                    poke_interval=INTERVAL,
                    timeout=3600,
                    **common,
                )
    return dag


# A worker reads this file for one task: it need not make the others.
wanted = get_parsing_context().dag_id
for kind in KINDS:
    for provider in PROVIDERS:
        if wanted in (None, dag_id(kind, provider)):
            globals()[dag_id(kind, provider)] = _make(kind, provider)
