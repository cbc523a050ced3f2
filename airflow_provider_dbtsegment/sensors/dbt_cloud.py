"""Wait for dbt Cloud runs that something else has started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_dbtsegment.compat import BaseSensorOperator, conf
from airflow_provider_dbtsegment.exceptions import RequestError
from airflow_provider_dbtsegment.links.dbt_cloud import DbtCloudDocsLink, DbtCloudRunLink
from airflow_provider_dbtsegment.tasks.arguments import (
    Check,
    optional_int,
    required_int,
    required_text,
)
from airflow_provider_dbtsegment.tasks.dbt_cloud import DbtCloudWaiting
from airflow_provider_dbtsegment.tasks.sensing import Sensing

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_dbtsegment.dbt_cloud.types import Run


class DbtCloudRunSensor(DbtCloudWaiting, Sensing, BaseSensorOperator):
    """
    Wait until a dbt Cloud run has succeeded; fail when it ends otherwise.

    A run that has failed stays failed, so the sensor fails without Airflow's retries. With
    ``soft_fail`` the task is skipped instead, in all modes alike. ``silent_fail`` is for poke and
    reschedule mode alone.

    :param dbt_cloud_conn_id: The connection.
    :param run_id: The run.
    :param account_id: Its account; by default the one of the connection.
    :param deferrable: Wait in the triggerer instead of in a worker.
    :param fault_budget: Seconds (or a timedelta) in a row for which dbt Cloud may be out of reach;
        `None` lets only ``timeout`` end that. Reschedule mode forgets between its looks below
        Airflow 3.3, so there only ``timeout`` ends it, too.
    :param end_in_triggerer: Begin and succeed in the triggerer, without a worker, where nothing is
        lost by it; only with ``deferrable``.
    """

    template_fields: Sequence[str] = ("dbt_cloud_conn_id", "run_id", "account_id")
    operator_extra_links = (DbtCloudRunLink(), DbtCloudDocsLink())
    ui_color = "#ffe0d6"
    _checks: ClassVar[Mapping[str, Check]] = {
        "dbt_cloud_conn_id": required_text,
        "run_id": required_int,
        "account_id": optional_int,
        **Sensing._checks,
    }

    def __init__(
        self,
        *,
        dbt_cloud_conn_id: str | XComArg = "dbt_cloud_default",
        run_id: int | str | XComArg,
        account_id: int | str | XComArg | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        fault_budget: timedelta | float | None = timedelta(minutes=15),
        end_in_triggerer: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dbt_cloud_conn_id = dbt_cloud_conn_id
        self.run_id = run_id
        self.account_id = account_id
        self.deferrable = deferrable
        self.fault_budget = fault_budget
        self.end_in_triggerer = end_in_triggerer
        self._check_literals()

    _announced = False

    def _prepare(self, context: Context) -> int:
        return required_int(self.run_id, "run_id")

    def _announce_once(self, context: Context, state: Run) -> None:
        if not self._announced:
            self._announced = True
            self._announce(context, state)

    def _announce_late(self, context: Context, key: int) -> None:
        with suppress(RequestError):
            self._announce_once(context, self._source().ask_one(key))
