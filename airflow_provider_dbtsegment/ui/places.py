"""Where things are: our own pages, and Airflow's. All addresses begin at Airflow's base URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

#: Where the pages are below Airflow's base URL.
PREFIX = "/dbtsegment"
#: The names of the tabs in Airflow's own addresses.
OVERVIEW_TAB, RUN_TAB, TASK_TAB = "dbtsegment", "dbtsegment-run", "dbtsegment-task"


@dataclass(frozen=True)
class Places:
    """
    Addresses for one request.

    :param root: The path under which the pages were asked for, without a slash at its end.
    """

    root: str

    @property
    def airflow(self) -> str:
        """The path of Airflow's base URL, without a slash at its end."""
        return self.root.removesuffix(PREFIX)

    def static(self, name: str, version: str) -> str:
        """Return where a file of ours is; the version makes it stay in caches until it changes."""
        return f"{self.root}/static/{name}?v={version}"

    def nodes(self, dag_id: str, run_id: str, task_id: str, map_index: int, **query: object) -> str:
        """Return where the table of all nodes of a task is."""
        path = f"nodes/{_part(dag_id)}/{_part(task_id)}/{map_index}/{_part(run_id)}"
        return f"{self.root}/{path}{_query(query)}"

    def trend(self, dag_id: str, run_id: str) -> str:
        """Return where the numbers of the last syncs up to a run are."""
        return f"{self.root}/trend/{_part(dag_id)}/{_part(run_id)}"

    def runs(self, dag_id: str) -> str:
        """Return where the table of a DAG's last runs is."""
        return f"{self.root}/runs/{_part(dag_id)}"

    def dag(self, dag_id: str) -> str:
        """Return Airflow's page of a DAG."""
        return f"{self.airflow}/dags/{_part(dag_id)}"

    def dag_run(self, dag_id: str, run_id: str) -> str:
        """Return Airflow's page of a DAG run."""
        return f"{self.dag(dag_id)}/runs/{_part(run_id)}"

    def run_tab(self, dag_id: str, run_id: str) -> str:
        """Return our tab on Airflow's page of a DAG run."""
        return f"{self.dag_run(dag_id, run_id)}/plugin/{RUN_TAB}"

    def task(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
        """Return Airflow's page of a task instance, which opens with its log."""
        mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
        return f"{self.dag_run(dag_id, run_id)}/tasks/{_part(task_id)}{mapped}"

    def overview(self, **query: object) -> str:
        """Return where the overview is, without Airflow around it."""
        return f"{self.root}/overview{_query(query)}"

    @property
    def overview_tab(self) -> str:
        """Our page in Airflow's navigation."""
        return f"{self.airflow}/plugin/{OVERVIEW_TAB}"


def _query(values: Mapping[str, object]) -> str:
    told = "&".join(f"{key}={_part(str(value))}" for key, value in values.items() if value)
    return f"?{told}" if told else ""


def _part(text: str) -> str:
    return quote(text, safe="")
