"""Wait for Segment Reverse ETL syncs that something else has started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.compat import BaseSensorOperator, conf
from airflow_provider_dbtsegment.exceptions import RequestError
from airflow_provider_dbtsegment.links.segment import ReverseETLSyncLink
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    optional_id,
    required_id,
    required_text,
)
from airflow_provider_dbtsegment.tasks.segment import PARTIAL_SUCCESS_CHECKS, ReverseETLWaiting
from airflow_provider_dbtsegment.tasks.sensing import Sensing

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.segment.types import SyncStatus
    from airflow_provider_dbtsegment.tasks.segment import PartialSuccessPolicy


class ReverseETLSyncSensor(ReverseETLWaiting, Sensing, BaseSensorOperator):
    """
    Wait until a Reverse ETL sync has succeeded; fail when it ends otherwise.

    A sync that has failed stays failed, so the sensor fails without Airflow's retries. With
    ``soft_fail`` the task is skipped instead, in all modes alike. ``silent_fail`` is for poke and
    reschedule mode alone.

    :param segment_conn_id: The connection.
    :param model_id: The Reverse ETL model.
    :param sync_id: The sync.
    :param subscription_id: The mapping of the sync, if that is known: then the task's link leads to
        its page, how long its syncs usually take says when to look, and rows that were rejected
        before can be told from new ones (``max_rejected_rows``).
    :param deferrable: Wait in the triggerer instead of in a worker.
    :param fault_budget: Seconds (or a timedelta) in a row for which Segment may be out of reach;
        `None` lets only ``timeout`` end that. Reschedule mode forgets between its looks below
        Airflow 3.3, so there only ``timeout`` ends it, too.
    :param partial_success: What it means when the destination rejected rows: ``fail`` the task,
        or let it succeed and ``warn`` in its log, or ``accept`` it. If the destination took none of
        the new rows, the task fails in any case.
    :param max_rejected_rows: With ``warn`` or ``accept``: how many rows may be rejected. A number
        (50) bounds all rejected rows, also those that were rejected before. A share ("1%" or 0.01)
        bounds new rejections by the rows that are new in this sync. "1%, at most 500" bounds both.
        By default there is no bound.
    :param end_in_triggerer: Begin and succeed in the triggerer, without a worker, where nothing is
        lost by it; only with ``deferrable``.
    """

    template_fields: Sequence[str] = (
        "segment_conn_id",
        "model_id",
        "sync_id",
        "subscription_id",
        "partial_success",
        "max_rejected_rows",
    )
    operator_extra_links = (ReverseETLSyncLink(),)
    ui_color = "#d6f5e3"
    _checks: ClassVar[Mapping[str, Check]] = {
        "segment_conn_id": required_text,
        "model_id": required_id,
        "sync_id": required_id,
        "subscription_id": optional_id,
        **PARTIAL_SUCCESS_CHECKS,
        **Sensing._checks,
    }

    def __init__(
        self,
        *,
        segment_conn_id: str | XComArg = "segment_default",
        model_id: str | XComArg,
        sync_id: str | XComArg,
        subscription_id: str | XComArg | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        fault_budget: timedelta | float | None = timedelta(minutes=15),
        partial_success: PartialSuccessPolicy | XComArg = "fail",
        max_rejected_rows: int | float | str | XComArg | None = None,
        end_in_triggerer: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.segment_conn_id = segment_conn_id
        self.model_id = model_id
        self.sync_id = sync_id
        self.subscription_id = subscription_id
        self.deferrable = deferrable
        self.fault_budget = fault_budget
        self.partial_success = partial_success
        self.max_rejected_rows = max_rejected_rows
        self.end_in_triggerer = end_in_triggerer
        self._check_literals()

    _announced = False

    def _prepare(self, context: Context) -> tuple[str, str]:
        self._policy()
        self._mapping()
        return required_id(self.model_id, "model_id"), required_id(self.sync_id, "sync_id")

    def _announce_once(self, context: Context, state: SyncStatus) -> None:
        if not self._announced:
            self._announced = True
            source: Any = state.get("sourceId")
            # Each look is a process of its own there, which would have to find out anew.
            known = isinstance(source, str) and not self._is_rescheduled
            self._announce(
                context,
                self._prepare(context),
                source_id=source if known else None,
                subscription_id=self._mapping(),
            )

    def _announce_late(self, context: Context, key: tuple[str, str]) -> None:
        with suppress(RequestError):
            self._announce_once(context, self._source().ask_one(key))
