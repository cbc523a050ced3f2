"""Wait for dbt Cloud runs in the triggerer."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.types import Run
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.patience import FAULT_BUDGET
from airflow_provider_dbtsegment.triggers.base import WaitTrigger


class DbtCloudRunTrigger(WaitTrigger[int, Run]):
    """
    Wait until a run has ended. All runs of an account are asked for together.

    :param dbt_cloud_conn_id: The connection.
    :param run_id: The run.
    :param account_id: Its account; by default the one of the connection.
    """

    def __init__(
        self,
        *,
        dbt_cloud_conn_id: str,
        run_id: int,
        account_id: int | None = None,
        poll_interval: float,
        deadline: float | None,
        began: float,
        cancel_on_kill: bool = True,
        fault_budget: float | None = FAULT_BUDGET,
    ) -> None:
        super().__init__(
            poll_interval=poll_interval,
            deadline=deadline,
            began=began,
            cancel_on_kill=cancel_on_kill,
            fault_budget=fault_budget,
        )
        self.dbt_cloud_conn_id = dbt_cloud_conn_id
        self.run_id = run_id
        self.account_id = account_id

    def _own_arguments(self) -> dict[str, Any]:
        return {
            "dbt_cloud_conn_id": self.dbt_cloud_conn_id,
            "run_id": self.run_id,
            "account_id": self.account_id,
        }

    def _name(self) -> dict[str, Any]:
        return {"run_id": self.run_id}

    def _subject(self) -> str:
        return f"dbt Cloud run {self.run_id}"

    def _hook(self, max_attempts: int = 1) -> DbtCloudHook:
        return DbtCloudHook(self.dbt_cloud_conn_id, max_attempts=max_attempts)

    def _source(self, hook: DbtCloudHook) -> RunSource:
        return RunSource(hook, self.account_id)

    def _source_key(self) -> int | None:
        return self.account_id

    def _key(self) -> int:
        return self.run_id

    def _cancel(self, hook: DbtCloudHook) -> None:
        hook.cancel_run(self.run_id, account_id=self.account_id)
