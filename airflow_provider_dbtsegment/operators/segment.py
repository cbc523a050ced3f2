"""Start Segment's Reverse ETL syncs and dbt model syncs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.compat import BaseOperator, conf
from airflow_provider_dbtsegment.exceptions import (
    ConfigurationError,
    NotFoundError,
    RunCancelledError,
)
from airflow_provider_dbtsegment.links.segment import SEGMENT_URL, ReverseETLSyncLink, SegmentLink
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    CheckedArguments,
    optional_seconds,
    required_id,
    required_seconds,
    required_text,
    switch,
)
from airflow_provider_dbtsegment.tasks.launching import CANCEL_ATTEMPTS, Launching
from airflow_provider_dbtsegment.tasks.segment import PARTIAL_SUCCESS_CHECKS, ReverseETLWaiting

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.tasks.segment import PartialSuccessPolicy


class CreateReverseETLManualSyncOperator(ReverseETLWaiting, Launching, BaseOperator):
    """
    Run a sync of a Reverse ETL mapping: started once for a task run.

    A sync carries no mark of ours. From Airflow 3.3 on, which remembers between tries, a later try
    takes over what an earlier one has started. Below that, a later try fails if a sync goes on or
    has succeeded that began since the DAG run did: nobody can know whose it is.
    The task returns the sync's id. It pushes the XComs ``sync_id`` and ``sync_url`` straight after
    the start and ``sync_summary``, with the rows extracted, delivered and rejected, at the
    end.
    https://docs.segmentapis.com/tag/Reverse-ETL#operation/createReverseEtlManualSync

    :param segment_conn_id: The connection.
    :param source_id: The source (the warehouse).
    :param model_id: The Reverse ETL model.
    :param subscription_id: The mapping: the id after ``/mappings/`` in the address of its page.
    :param wait_for_completion: Wait for the end of the sync; otherwise only start it.
    :param deferrable: Wait in the triggerer instead of in a worker.
    :param poll_interval: Seconds (or a timedelta) between looks.
    :param timeout: Seconds (or a timedelta) for the sync; it is left going on, and a later try of
        the task takes it over.
    :param fault_budget: Seconds (or a timedelta) in a row for which Segment may be out of reach
        while the task waits; `None` lets only ``timeout`` end that.
    :param partial_success: What it means when the destination rejected rows: ``fail`` the task,
        or let it succeed and ``warn`` in its log, or ``accept`` it. If the destination took none of
        the new rows, the task fails in any case.
    :param max_rejected_rows: With ``warn`` or ``accept``: how many rows may be rejected. A number
        (50) bounds all rejected rows, also those that were rejected before. A share ("1%" or 0.01)
        bounds new rejections by the rows that are new in this sync. "1%, at most 500" bounds both.
        By default there is no bound.
    :param reuse_existing_sync: Wait for a sync of the mapping that is already going on, whoever
        started it, instead of starting one.
    :param retry_cancelled: Let Airflow's retries start a sync again after a person has cancelled
        it; by default the task fails at once.
    :param cancel_on_kill: Cancel the sync if a person marks or clears the task, or its
        ``execution_timeout`` passes. Off by default: rows that a cancelled sync has already taken
        are left out of later syncs until the mapping is reset.
    :param start_timeout: Seconds (or a timedelta) for which a start waits for its turn, while
        another sync of the mapping is running or Segment's rate limit is used up; nothing is
        started after that. Never longer than ``timeout``.
    :param end_in_triggerer: Let a success end a deferred task in the triggerer, without a second
        worker, where nothing is lost by it.
    :raises ConfigurationError: When the connection or an argument is wrong; nothing was started.
    :raises LaunchUnknownError: When it cannot be found out whether a sync was started.
    :raises RunFailedError: When the sync failed, or rejected more rows than is allowed.
    """

    template_fields: Sequence[str] = (
        "segment_conn_id",
        "source_id",
        "model_id",
        "subscription_id",
        "partial_success",
        "max_rejected_rows",
    )
    operator_extra_links = (ReverseETLSyncLink(),)
    ui_color = "#d6f5e3"
    _checks: ClassVar[Mapping[str, Check]] = {
        "segment_conn_id": required_text,
        "source_id": required_id,
        "model_id": required_id,
        "subscription_id": required_id,
        "wait_for_completion": switch,
        "deferrable": switch,
        "poll_interval": required_seconds,
        "timeout": optional_seconds,
        "fault_budget": optional_seconds,
        **PARTIAL_SUCCESS_CHECKS,
        "reuse_existing_sync": switch,
        "retry_cancelled": switch,
        "cancel_on_kill": switch,
        "start_timeout": optional_seconds,
        "end_in_triggerer": switch,
    }

    def __init__(
        self,
        *,
        segment_conn_id: str | XComArg = "segment_default",
        source_id: str | XComArg,
        model_id: str | XComArg,
        subscription_id: str | XComArg,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: timedelta | float = 30,
        timeout: timedelta | float | None = timedelta(days=1),
        fault_budget: timedelta | float | None = timedelta(minutes=15),
        partial_success: PartialSuccessPolicy | XComArg = "fail",
        max_rejected_rows: int | float | str | XComArg | None = None,
        reuse_existing_sync: bool = False,
        retry_cancelled: bool = False,
        cancel_on_kill: bool = False,
        start_timeout: timedelta | float | None = timedelta(hours=1),
        end_in_triggerer: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.segment_conn_id = segment_conn_id
        self.source_id = source_id
        self.model_id = model_id
        self.subscription_id = subscription_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.fault_budget = fault_budget
        self.partial_success = partial_success
        self.max_rejected_rows = max_rejected_rows
        self.reuse_existing_sync = reuse_existing_sync
        self.retry_cancelled = retry_cancelled
        self.cancel_on_kill = cancel_on_kill
        self.start_timeout = start_timeout
        self.end_in_triggerer = end_in_triggerer
        self._check_literals()

    def execute(self, context: Context) -> str:
        """Start the sync unless this task run has already started it, and wait for its end."""
        try:
            self._check_arguments()
            return self._execute(context)
        except RunCancelledError as error:
            self._raise(error)
        finally:
            self._close()

    def _execute(self, context: Context) -> str:
        from airflow_provider_dbtsegment.segment.sync_launcher import SyncLauncher

        ids = {
            name: required_id(getattr(self, name), name)
            for name in ("source_id", "model_id", "subscription_id")
        }
        work = SyncLauncher(self.hook, **ids, policy=self._policy())
        attempt = self._attempt(context, work.key, {"source": ids["source_id"]})
        try:
            launch = self._launch(
                context,
                work,
                attempt,
                lambda sync_id: (ids["model_id"], sync_id),
                waits=self.wait_for_completion,
                reuse_active=self.reuse_existing_sync,
            )
        except NotFoundError as error:
            raise ConfigurationError(
                f"Segment knows no such source, model or mapping: {error}"
            ) from error
        key = (ids["model_id"], launch.id)
        self._announce(
            context,
            key,
            source_id=ids["source_id"],
            subscription_id=ids["subscription_id"],
            said=f": {launch.origin}",
        )
        if not self.wait_for_completion:
            return str(launch.id)
        return str(self._follow(context, launch, key))

    def _canceller(self) -> Callable[[tuple[str, str]], object]:
        hook = self.hook.twin(max_attempts=CANCEL_ATTEMPTS)
        return lambda key: hook.cancel_reverse_etl_sync_for_model(key[0], key[1])

    def _id_of(self, key: tuple[str, str]) -> str:
        return key[1]


class TriggerDbtModelSyncOperator(CheckedArguments, BaseOperator):
    """
    Make Segment read the dbt models of a source again.

    Segment has no way to ask how far that has got: success means triggered, never completed.
    Reading twice does no harm. The task returns the trigger's id.
    https://docs.segmentapis.com/tag/dbt#operation/createDbtModelSyncTrigger

    :param segment_conn_id: The connection.
    :param source_id: The source (the warehouse).
    :raises ConfigurationError: When the connection or an argument is wrong; nothing was started.
    """

    template_fields: Sequence[str] = ("segment_conn_id", "source_id")
    operator_extra_links = (SegmentLink(),)
    ui_color = "#d6f5e3"
    _checks: ClassVar[Mapping[str, Check]] = {
        "segment_conn_id": required_text,
        "source_id": required_id,
    }

    def __init__(
        self,
        *,
        segment_conn_id: str | XComArg = "segment_default",
        source_id: str | XComArg,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.segment_conn_id = segment_conn_id
        self.source_id = source_id
        self._check_literals()

    def execute(self, context: Context) -> str:
        """Send the request."""
        from airflow_provider_dbtsegment.hooks.segment import SegmentHook
        from airflow_provider_dbtsegment.segment.pages import reverse_etl_page

        self._check_arguments()
        source_id = required_id(self.source_id, "source_id")
        hook = SegmentHook(required_text(self.segment_conn_id, "segment_conn_id"))
        try:
            context["ti"].xcom_push(key=SEGMENT_URL, value=reverse_etl_page(hook))
            trigger = hook.create_dbt_model_sync_trigger(source_id)
        except NotFoundError as error:
            raise ConfigurationError(f"Segment knows no source {source_id}: {error}") from error
        finally:
            hook.close()
        self.log.info("Segment was told to read the dbt models: %s.", trigger.get("status"))
        return str(trigger["id"])
