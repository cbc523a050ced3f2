"""What a person does in Airflow's pages, by its REST API of any version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from airflow_provider_dbtsegment.demo.airflow_api import AirflowApi, AirflowApiV1, run_path

TASK = "work"


class Person:
    """
    Somebody who may do anything.

    :param api: Airflow's.
    :param dag_id: The DAG that all of it is about.
    :param run_id: Its run.
    """

    def __init__(self, api: AirflowApi, dag_id: str, run_id: str) -> None:
        self.api = api
        self.dag_id = dag_id
        self.run_id = run_id
        self.is_airflow_2 = isinstance(api, AirflowApiV1)

    @property
    def _task(self) -> str:
        return f"{run_path(self.dag_id, self.run_id)}/taskInstances/{TASK}"

    def mark_task(self, state: str) -> None:
        """Mark the task as failed or successful."""
        body: dict[str, Any] = {"new_state": state}
        if self.is_airflow_2:
            body["dry_run"] = False
        self.api.request("PATCH", self._task, json=body)

    def mark_run(self, state: str) -> None:
        """Mark the DAG run as failed or successful."""
        self.api.request("PATCH", run_path(self.dag_id, self.run_id), json={"state": state})

    def clear(self, tasks: Sequence[str] = (TASK,), *, downstream: bool = False) -> None:
        """Clear tasks, so that they run again."""
        body: dict[str, Any] = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "task_ids": list(tasks),
            "only_failed": False,
            "only_running": False,
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        path = f"/dags/{quote(self.dag_id, safe='')}/clearTaskInstances"
        self.api.request("POST", path, json=body)

    def delete_run(self) -> None:
        """Delete the DAG run and all that belongs to it."""
        self.api.request("DELETE", run_path(self.dag_id, self.run_id))

    def create_connection(self, connection: Mapping[str, Any]) -> None:
        """Create a connection."""
        self.api.request("POST", "/connections", json=dict(connection))

    def change_connection(self, connection: Mapping[str, Any]) -> None:
        """Give a connection that exists all of these fields."""
        path = f"/connections/{quote(connection['connection_id'], safe='')}"
        self.api.request("PATCH", path, json=dict(connection))

    def create_variable(self, value: str) -> None:
        """Create the Variable that has the DAG's name."""
        self.api.request("POST", "/variables", json={"key": self.dag_id, "value": value})

    def change_variable(self, value: str) -> None:
        """Give the Variable that has the DAG's name another value."""
        path = f"/variables/{quote(self.dag_id, safe='')}"
        self.api.request("PATCH", path, json={"key": self.dag_id, "value": value})

    def create_pool(self, slots: int) -> None:
        """Create a pool that has the DAG's name."""
        body: dict[str, Any] = {"name": self.dag_id, "slots": slots, "include_deferred": False}
        self.api.request("POST", "/pools", json=body)

    def state_store(self, map_index: int = -1) -> dict[str, Any]:
        """Return what the task state store holds of the task, from Airflow 3.3 on."""
        found = self.api.get(f"{self._task}/state-store", map_index=map_index, limit=100)
        (entries,) = (value for value in found.values() if isinstance(value, list))
        return {one["key"]: one["value"] for one in entries}

    def change_state_store(self, key: str, value: Any) -> None:
        """Write a value into the task state store."""
        path = f"{self._task}/state-store/{quote(key, safe='')}"
        self.api.request("PUT", path, json={"value": value})

    def clear_state_store(self) -> None:
        """Delete what the task state store holds of the task."""
        self.api.request("DELETE", f"{self._task}/state-store")

    def xcoms(self) -> list[str]:
        """Return the keys of the task's XComs."""
        found = self.api.get(f"{self._task}/xcomEntries", limit=100)
        return [one["key"] for one in found["xcom_entries"]]
