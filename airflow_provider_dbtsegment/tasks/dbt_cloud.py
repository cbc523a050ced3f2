"""What the operator and the sensor of dbt Cloud share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.exceptions import (
    EndUnknownError,
    RequestError,
    RunCancelledError,
    RunFailedError,
)
from airflow_provider_dbtsegment.links.dbt_cloud import RUN_URL
from airflow_provider_dbtsegment.tasks.arguments import optional_int
from airflow_provider_dbtsegment.tasks.base import Waiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource
    from airflow_provider_dbtsegment.dbt_cloud.types import Run
    from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook
    from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger


class DbtCloudWaiting(Waiting):
    """Wait for a dbt Cloud run, and tell what it did."""

    if TYPE_CHECKING:
        dbt_cloud_conn_id: str
        account_id: int | str | None

    @cached_property
    def hook(self) -> DbtCloudHook:
        """The hook of the task's connection."""
        from airflow_provider_dbtsegment.hooks.dbt_cloud import DbtCloudHook

        return DbtCloudHook(self.dbt_cloud_conn_id)

    @cached_property
    def _looking(self) -> DbtCloudHook:
        """The hook that looks; what is done about faults is decided by those who wait."""
        return self.hook.twin()

    #: The address of the run's page, once it is known.
    _url = ""

    @property
    def _account(self) -> int | None:
        return optional_int(self.account_id, "account_id")

    def _finish(self, context: Context, key: int) -> int:
        from airflow_provider_dbtsegment.dbt_cloud.summary import why_failed
        from airflow_provider_dbtsegment.dbt_cloud.types import outcome, status_label
        from airflow_provider_dbtsegment.outcomes import Outcome

        run = self._looking.get_run(key, include_related=["run_steps"], account_id=self._account)
        ended = outcome(run)
        if ended is None:
            status = status_label(run.get("status"))
            raise EndUnknownError(f"dbt Cloud run {key} has not ended; its status is {status}.")
        summary = self._summarize(run)
        context["ti"].xcom_push(key="run_summary", value=summary)
        if ended is Outcome.SUCCESS:
            return key
        reason = why_failed(run, summary)
        raise (RunCancelledError if ended is Outcome.CANCELLED else RunFailedError)(reason)

    def _summarize(self, run: Run) -> Any:
        from airflow_provider_dbtsegment.dbt_cloud.summary import describe, summarize

        try:
            summary = summarize(self.hook, run)
        except RequestError as error:
            # The numbers are not worth more than the end that is known.
            self.log.warning("The results of the run cannot be read: %s", error)
            summary = summarize(self.hook, {**run, "run_steps": []})
        self.log.info("dbt Cloud run %s: %s.", run["id"], describe(summary))
        return summary

    def _announce(self, context: Context, run: Run) -> None:
        """Leave behind what must survive a failure: the run's id, and its address for the link."""
        from airflow_provider_dbtsegment.dbt_cloud.summary import run_url

        context["ti"].xcom_push(key="run_id", value=run["id"])
        self._url = run_url(run, self.hook.settings.transport.base_url)
        context["ti"].xcom_push(key=RUN_URL, value=self._url)
        self.log.info("dbt Cloud run %s: %s", run["id"], self._url)

    def _trigger(self, key: int, **kwargs: Any) -> DbtCloudRunTrigger:
        from airflow_provider_dbtsegment.triggers.dbt_cloud import DbtCloudRunTrigger

        return DbtCloudRunTrigger(
            dbt_cloud_conn_id=self.dbt_cloud_conn_id,
            run_id=key,
            account_id=self._account,
            **kwargs,
        )

    def _source(self) -> RunSource:
        from airflow_provider_dbtsegment.dbt_cloud.run_source import RunSource

        return RunSource(self._looking, self._account)

    def _subject(self, key: int) -> str:
        return f"dbt Cloud run {key}"

    def _see(self) -> str:
        return self._url

    def _name(self, key: int) -> dict[str, Any]:
        return {"run_id": key}

    def _key_in(self, ids: Mapping[str, Any]) -> int | None:
        run_id = ids.get("run_id")
        return run_id if isinstance(run_id, int) and not isinstance(run_id, bool) else None
