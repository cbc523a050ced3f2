"""What the operator and the sensor of dbt Cloud share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.tasks.arguments import optional_int, required_text
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
    from airflow_provider_dbtsegment.dbt_cloud.types import Run
    from airflow_provider_dbtsegment.hooks.base import Place
    from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
    from airflow_provider_dbtsegment.outcomes import End
    from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger


class DbtCloudWaiting(Waiting):
    """Wait for a dbt Cloud run, and tell what it did."""

    if TYPE_CHECKING:
        dbt_cloud_conn_id: str | XComArg
        account_id: int | str | XComArg | None

    _trigger_class = "airflow_provider_dbtsegment.triggers.dbt_cloud.DbtCloudRunTrigger"

    @cached_property
    def hook(self) -> DbtCloudHook:
        """The hook of the task's connection."""
        from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

        return DbtCloudHook(self._conn_id)

    @property
    def _conn_id(self) -> str:
        return required_text(self.dbt_cloud_conn_id, "dbt_cloud_conn_id")

    @cached_property
    def _looking(self) -> DbtCloudHook:
        """The hook that looks; what is done about faults is decided by those who wait."""
        return self.hook.twin()

    #: The address of the run's page, once it is known.
    _url = ""

    @property
    def _account(self) -> int | None:
        return optional_int(self.account_id, "account_id")

    def _ended(self, key: int) -> End:
        from airflow_provider_dbtsegment.dbt_cloud.run_end import end_of_run

        return end_of_run(
            self._looking, key, account_id=self._account, log=self.log, artifacts=self.hook
        )

    def _announce(self, context: Context, run: Run, said: str = "") -> None:
        """Leave behind what must survive a failure: the run's id, and the addresses of links."""
        from airflow_provider_dbtsegment.dbt_cloud.pages import addresses

        context["ti"].xcom_push(key="run_id", value=run["id"])
        pages = addresses(run, self.hook.settings.transport.base_url)
        self._url = pages["run_url"]
        for name, url in pages.items():
            context["ti"].xcom_push(key=name, value=url)
        self.log.info("dbt Cloud run %s%s. %s", run["id"], said, self._url)

    def _trigger(self, key: int, **kwargs: Any) -> DbtCloudRunTrigger:
        from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger

        return DbtCloudRunTrigger(
            dbt_cloud_conn_id=self._conn_id,
            run_id=key,
            account_id=self._account,
            **kwargs,
        )

    def _source(self) -> RunSource:
        from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource

        return RunSource(self._looking, self._account)

    def _place(self) -> Place:
        place = super()._place()
        return place._replace(account=self._account or place.account)

    def _subject(self, key: int) -> str:
        return f"dbt Cloud run {key}"

    def _see(self) -> str:
        return self._url

    def _name(self, key: int) -> dict[str, Any]:
        return {"run_id": key}

    def _key_in(self, ids: Mapping[str, Any]) -> int | None:
        run_id = ids.get("run_id")
        return run_id if isinstance(run_id, int) and not isinstance(run_id, bool) else None
