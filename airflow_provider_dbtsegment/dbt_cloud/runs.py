"""Runs: follow, cancel and retry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus


class RunsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20Runs"""

    def list_runs(
        self,
        *,
        include_related: Sequence[str] | None = None,
        job_definition_id: int | None = None,
        environment_id: int | None = None,
        project_id: int | list[int] | None = None,
        deferring_run_id: int | None = None,
        status: int | str | Iterable[int | str] | None = None,
        run_ids: Sequence[int] | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> list[Run]:
        """
        List runs.

        :param include_related: Of ``trigger``, ``job``, ``audit`` and ``debug_logs``.
        :param status: One or several statuses, as numbers or as words such as ``running``.
        :param run_ids: Only these runs.
        :param order_by: ``id``, ``created_at`` or ``finished_at``; ``-`` before it reverses.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        several = isinstance(project_id, list)
        filters: dict[str, Any] = {
            "include_related": _related(include_related),
            "job_definition_id": job_definition_id,
            "environment_id": environment_id,
            "project_id__in" if several else "project_id": project_id,
            "deferring_run_id": deferring_run_id,
            "status__in": RunStatus.codes(status),
            "pk__in": None if run_ids is None else list(run_ids),
            "order_by": order_by,
        }
        path = self.account_path("runs", account_id=account_id)
        return list(self._iterate(path, limit=limit, offset=offset, **filters))

    def get_run(
        self,
        run_id: int,
        *,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Run:
        """
        Get a run.

        :param include_related: Of ``trigger``, ``job``, ``environment``, ``repository``,
            ``run_steps``, ``run_retries``, ``debug_logs`` and a few more.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = self.account_path("runs", run_id, account_id=account_id)
        related = {"include_related": _related(include_related)}
        run: Run = self.request("GET", path, params=related, kind=dict, needs=("id", "status"))
        return run

    def cancel_run(self, run_id: int, *, account_id: int | None = None) -> Run:
        """
        Cancel a run.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = self.account_path("runs", run_id, "cancel", account_id=account_id)
        run: Run = self.request("POST", path, repeatable=True, kind=dict)
        return run

    def retry_run(self, run_id: int, *, account_id: int | None = None) -> Run:
        """
        Start a run that goes on from where this failed run stopped.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before calling it again.
        """
        path = self.account_path("runs", run_id, "retry", account_id=account_id)
        run: Run = self.request("POST", path, kind=dict, needs=("id",))
        return run


def _related(names: Sequence[str] | None) -> str | None:
    return ",".join(names) if names else None
