"""One task that waits in the triggerer, and one that fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, BaseOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger


class WaitsInTheTriggerer(BaseOperator):
    def execute(self, context: Any) -> None:
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=0.5)), method_name="resume")

    def resume(self, context: Any, event: Any = None) -> int:
        context["ti"].xcom_push(key="details", value={"answer": 42})
        return 7


class Fails(BaseOperator):
    def execute(self, context: Any) -> None:
        raise ValueError(f"cannot work with {context['params']['colour']}")


with DAG("waits", schedule=None, params={"colour": "red"}):
    WaitsInTheTriggerer(task_id="waits") >> Fails(task_id="fails")
