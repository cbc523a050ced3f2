"""Begin held tasks in one process: what a worker does, without starting a process for each."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

from airflow.models.taskinstance import TaskInstance
from airflow.sdk.api.datamodels._generated import TaskInstance as ToldTask
from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select

from tests.bench.real.dags import waits


def begin_all(dag_id: str, number: int, hands: int) -> None:
    """
    Begin every scheduled task of a DAG that is ours; each defers itself to the triggerer.

    :param number: Which of the hands this is.
    """
    dag = getattr(waits, dag_id)
    supervisor: Any = InProcessTestSupervisor
    client = supervisor._api_client(dag)
    with create_session() as session:
        query = select(TaskInstance.id).where(
            TaskInstance.dag_id == dag_id, TaskInstance.state == TaskInstanceState.SCHEDULED
        )
        # By their last digits: the other hands have begun already when this one looks.
        ids = [id for id in session.scalars(query) if UUID(str(id)).int % hands == number]
    for id in ids:
        with create_session() as session:
            task = session.get_one(TaskInstance, id)
            # Airflow lets nobody begin a task that no executor was to have.
            task.state = TaskInstanceState.QUEUED
            told = ToldTask(
                id=UUID(str(task.id)),
                task_id=task.task_id,
                dag_id=task.dag_id,
                run_id=task.run_id,
                try_number=task.try_number,
                map_index=task.map_index,
                dag_version_id=UUID(str(task.dag_version_id)),
            )
        supervisor.start(what=told, task=dag.get_task(told.task_id), client=client)


if __name__ == "__main__":
    begin_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
