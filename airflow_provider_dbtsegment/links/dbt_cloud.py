"""Links from a task to dbt Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.compat import TaskInstanceKey

#: The XCom that holds the address of the run's page, pushed straight after the start.
RUN_URL = "run_url"


class DbtCloudRunLink(BaseOperatorLink):
    """The run in dbt Cloud; there while it goes on and after it failed."""

    name = "dbt Cloud run"

    @property
    def xcom_key(self) -> str:
        """Where Airflow's UI reads the link."""
        return RUN_URL

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Return the address that the task has pushed, or nothing."""
        return XCom.get_value(key=RUN_URL, ti_key=ti_key) or ""
