"""Wait for dbt Cloud runs in the triggerer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.pages import addresses
from airflow_provider_dbtsegment.dbt_cloud.run_end import end_of_run
from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
from airflow_provider_dbtsegment.dbt_cloud.types import Run, outcome
from airflow_provider_dbtsegment.hooks.base import ConnectionHook, Place
from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
from airflow_provider_dbtsegment.outcomes import End, Outcome
from airflow_provider_dbtsegment.patience import FAULT_BUDGET
from airflow_provider_dbtsegment.triggers.base import WaitTrigger
from airflow_provider_dbtsegment.triggers.beginning import NotHereError


class DbtCloudRunTrigger(WaitTrigger[int, Run]):
    """
    Wait until a run has ended. All runs of an account are asked for together.

    :param dbt_cloud_conn_id: The connection.
    :param run_id: The run.
    :param account_id: Its account; by default the one of the connection.
    """

    service = "dbt_cloud"

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
        end_in_triggerer: bool = False,
        push_result: bool = False,
        begins: Mapping[str, float | None] | None = None,
        origin: str | None = None,
        account: int | None = None,
        by_airflow: bool = False,
    ) -> None:
        super().__init__(
            poll_interval=poll_interval,
            deadline=deadline,
            began=began,
            cancel_on_kill=cancel_on_kill,
            fault_budget=fault_budget,
            end_in_triggerer=end_in_triggerer,
            push_result=push_result,
            begins=begins,
            origin=origin,
            account=account,
            by_airflow=by_airflow,
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

    def _place(self, hook: ConnectionHook[Any]) -> Place:
        place = super()._place(hook)
        return place._replace(account=self.account_id or place.account)

    def _key(self) -> int:
        return self.run_id

    def _cancel(self, hook: DbtCloudHook) -> None:
        hook.cancel_run(self.run_id, account_id=self.account_id)

    def _check(self) -> None:
        for name in ("run_id", "account_id"):
            text = str(getattr(self, name)).strip()
            if name == "account_id" and text in ("", "None"):
                self.account_id = None
            elif text.isascii() and text.isdigit() and int(text) > 0:
                setattr(self, name, int(text))
            else:
                raise NotHereError(f"{name} is {text!r}")

    def _is_well(self, state: Run) -> bool:
        return outcome(state) is Outcome.SUCCESS

    def _ended(self, api: DbtCloudHook, state: Run) -> End:
        return end_of_run(api, self.run_id, account_id=self.account_id, log=self.log)

    def _announced(self, api: DbtCloudHook, state: Run) -> dict[str, Any]:
        return {"run_id": self.run_id, **addresses(state, api.settings.transport.base_url)}
