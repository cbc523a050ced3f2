"""Runs: follow, cancel and retry them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record
from airflow_provider_dbtsegment.dbt_cloud.query import one_or_several, related
from airflow_provider_dbtsegment.dbt_cloud.types import Run, RunStatus, RunStep
from airflow_provider_dbtsegment.exceptions import AnswerLostError
from airflow_provider_dbtsegment.rest.listing import Listing


class RunsApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20Runs"""

    def cancel_run(self, run_id: int, *, account_id: int | None = None) -> Run:
        """
        Cancel a run.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = "v2/runs/{}/cancel/"
        return self._send("POST", Run, path, run_id, repeatable=True, account_id=account_id)

    def get_most_recent_run(
        self,
        *,
        include_related: Sequence[str] | None = None,
        job_definition_id: int | None = None,
        environment_id: int | None = None,
        project_id: int | Sequence[int] | None = None,
        deferring_run_id: int | None = None,
        status: int | str | Iterable[int | str] | None = None,
        account_id: int | None = None,
    ) -> Run | None:
        """
        Get the newest run that fits, or `None` where there is none.

        :param include_related: As of :meth:`list_runs`.
        :param status: As of :meth:`list_runs`.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        runs = self.list_runs(
            include_related=include_related,
            job_definition_id=job_definition_id,
            environment_id=environment_id,
            project_id=project_id,
            deferring_run_id=deferring_run_id,
            status=status,
            order_by="-id",
            limit=1,
            account_id=account_id,
        )
        return runs[0] if runs else None

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
        run = self._get(
            Run,
            "v2/runs/{}/",
            run_id,
            include_related=related(include_related),
            needs=("status",),
            account_id=account_id,
        )
        if str(run["id"]) != str(run_id).strip():
            where = self._where("GET", self._path("v2/runs/{}/", run_id, account_id=account_id))
            raise AnswerLostError(f"answered with another run ({run['id']})", **where)
        return run

    def get_run_failure_details(self, run_id: int, *, account_id: int | None = None) -> Record:
        """
        Get the step with which a run failed, and the steps that were skipped after it.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(Record, "v2/runs/{}/retry/", run_id, account_id=account_id)

    def get_run_step(self, step_id: int, *, account_id: int | None = None) -> RunStep:
        """
        Get a step of a run.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(RunStep, "v2/steps/{}/", step_id, account_id=account_id)

    def get_run_timing_details(
        self, run_id: int, *, project_id: int | None = None, account_id: int | None = None
    ) -> Any:
        """
        Get how long the parts of a run took, in the form that dbt Cloud gives; it documents none.

        :param project_id: The project of the run; it is looked up if it is not given.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        if project_id is None:
            project_id = self.get_run(run_id, account_id=account_id)["project_id"]
        path = "v3/projects/{}/runs/{}/timing/"
        return self._get(object, path, project_id, run_id, account_id=account_id)

    def list_runs(
        self,
        *,
        include_related: Sequence[str] | None = None,
        job_definition_id: int | None = None,
        environment_id: int | None = None,
        project_id: int | Sequence[int] | None = None,
        deferring_run_id: int | None = None,
        status: int | str | Iterable[int | str] | None = None,
        run_ids: Sequence[int] | None = None,
        id_after: int | None = None,
        created_at: tuple[str, str] | None = None,
        finished_at: tuple[str, str] | None = None,
        dbt_version: str | Sequence[str] | None = None,
        has_docs_generated: bool | None = None,
        has_sources_generated: bool | None = None,
        state: int | None = None,
        order_by: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        account_id: int | None = None,
    ) -> Listing[Run]:
        """
        List runs.

        :param include_related: Of ``trigger``, ``job``, ``audit`` and ``debug_logs``.
        :param status: One or several statuses, as numbers or as words such as ``running``.
        :param run_ids: Only these runs.
        :param id_after: Only those with a greater id.
        :param created_at: Only those created between two times in ISO 8601.
        :param finished_at: Only those that finished between two times in ISO 8601.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: ``id``, ``created_at`` or ``finished_at``; ``-`` before it reverses.
        :raises ConfigurationError: When a word is no status.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        filters: dict[str, Any] = {
            "include_related": related(include_related),
            "job_definition_id": job_definition_id,
            "environment_id": environment_id,
            **one_or_several("project_id", project_id),
            "deferring_run_id": deferring_run_id,
            "status__in": RunStatus.codes(status),
            "pk__in": run_ids,
            "id__gt": id_after,
            "created_at__range": created_at,
            "finished_at__range": finished_at,
            **one_or_several("dbt_version", dbt_version),
            "has_docs_generated": has_docs_generated,
            "has_sources_generated": has_sources_generated,
            "state": state,
            "order_by": order_by,
        }
        return self._list(
            Run, "v2/runs/", limit=limit, offset=offset, account_id=account_id, **filters
        )

    def retry_run(self, run_id: int, *, account_id: int | None = None) -> Run:
        """
        Start a run that goes on from where this failed run stopped.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before calling it again.
        """
        return self._send("POST", Run, "v2/runs/{}/retry/", run_id, account_id=account_id)
