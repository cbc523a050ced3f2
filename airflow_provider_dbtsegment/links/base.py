"""What all links share: the address that the task has left behind as an XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.compat import BaseOperatorLink, XCom, missing_xcoms_are_fine

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.compat import TaskInstanceKey


class XComLink(BaseOperatorLink):
    """An address that the task pushes as soon as it knows it: there also after a failure."""

    key = ""

    @property
    def xcom_key(self) -> str:
        """Where Airflow's UI reads the link."""
        return self.key

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        """Return the address that the task has pushed, or nothing."""
        with missing_xcoms_are_fine():
            return XCom.get_value(key=self.key, ti_key=ti_key) or ""
