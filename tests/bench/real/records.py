"""What Airflow's database says of the tasks of a DAG."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url


class Records:
    """
    Counts, by DAG id.

    :param url: The database's SQLAlchemy URL.
    """

    def __init__(self, url: str) -> None:
        told = make_url(url)
        self._connection = psycopg2.connect(
            host=told.host, port=told.port, user=told.username, dbname=told.database
        )
        self._connection.autocommit = True

    def states(self, dag_id: str) -> Counter[str]:
        """Return how many tasks are in each state."""
        rows = self._rows(
            "SELECT coalesce(state, 'none'), count(*) FROM task_instance"
            " WHERE dag_id = %s GROUP BY 1",
            dag_id,
        )
        return Counter(dict(rows))

    def ends(self, dag_id: str) -> list[float]:
        """Return when each task ended, in seconds since the epoch."""
        query = (
            "SELECT extract(epoch FROM end_date) FROM task_instance"
            " WHERE dag_id = %s AND end_date IS NOT NULL ORDER BY 1"
        )
        return [float(row[0]) for row in self._rows(query, dag_id)]

    def starts(self, dag_id: str) -> int:
        """Return how often a task was begun or gone on with; Airflow notes each time."""
        return int(
            self._one("SELECT count(*) FROM log WHERE event = 'running' AND dag_id = %s", dag_id)
        )

    def triggers(self) -> tuple[int, int]:
        """Return how many triggers there are, and how many of them a triggerer has taken."""
        ((all_of_them, taken),) = self._rows("SELECT count(*), count(triggerer_id) FROM trigger")
        return all_of_them, taken

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _one(self, query: str, *values: Any) -> Any:
        ((value,),) = self._rows(query, *values)
        return value

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            rows: list[Any] = cursor.fetchall()
            return rows
