"""What Airflow's database says of the pipelines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg2

DAG = "pipeline"
#: The XComs that tell what a task has started.
IDS = ("run_id", "sync_id")


@dataclass(frozen=True)
class Task:
    """
    A task of a pipeline.

    :param started: The id of the run or the sync that it has started, as it says itself.
    :param ended: In seconds since the epoch.
    """

    run: str
    name: str
    state: str
    tries: int
    started: str | None
    ended: float | None


class Records:
    """Asks the database that the services share."""

    def __init__(self, address: str, password: str) -> None:
        host, port = address.split(":")
        self._connection = psycopg2.connect(
            host=host, port=port, user="airflow", password=password, dbname="airflow"
        )
        self._connection.autocommit = True

    def pipelines(self) -> Counter[str]:
        """Return how many pipelines are in each state."""
        return Counter(
            dict(
                self._rows(
                    "SELECT state, count(*) FROM dag_run WHERE dag_id = %s GROUP BY 1",
                    DAG,
                )
            )
        )

    def task_states(self) -> Counter[str]:
        """Return how many tasks are in each state."""
        query = (
            "SELECT coalesce(state, 'none'), count(*) FROM task_instance"
            " WHERE dag_id = %s GROUP BY 1"
        )
        return Counter(dict(self._rows(query, DAG)))

    def tasks(self) -> list[Task]:
        """Return all tasks."""
        query = (
            "SELECT t.run_id, t.task_id, coalesce(t.state, 'none'), t.try_number,"
            " x.value #>> '{}', extract(epoch FROM t.end_date)"
            " FROM task_instance t LEFT JOIN xcom x ON x.dag_id = t.dag_id"
            " AND x.run_id = t.run_id AND x.task_id = t.task_id AND x.key = ANY(%s)"
            " WHERE t.dag_id = %s"
        )
        return [
            Task(run, name, state, tries, None if told is None else told.strip('"'), _float(ended))
            for run, name, state, tries, told, ended in self._rows(query, list(IDS), DAG)
        ]

    def running_on(self, worker: str) -> int:
        """Return how many tasks a worker has at this moment."""
        query = "SELECT count(*) FROM task_instance WHERE state = 'running' AND hostname = %s"
        return int(self._rows(query, worker)[0][0])

    def waits_in(self, triggerer: str) -> int:
        """Return how many waits a triggerer has at this moment."""
        query = (
            "SELECT count(*) FROM trigger g JOIN job j ON j.id = g.triggerer_id"
            " WHERE j.hostname = %s AND j.state = 'running'"
        )
        return int(self._rows(query, triggerer)[0][0])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            rows: list[Any] = cursor.fetchall()
            return rows


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
