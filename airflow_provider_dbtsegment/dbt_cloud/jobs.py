"""Jobs: what is run, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.environments import EnvironmentsApi
from airflow_provider_dbtsegment.dbt_cloud.names import only
from airflow_provider_dbtsegment.dbt_cloud.projects import ProjectsApi
from airflow_provider_dbtsegment.dbt_cloud.query import one_or_several, related
from airflow_provider_dbtsegment.dbt_cloud.types import Job
from airflow_provider_dbtsegment.rest.listing import Listing


class JobsApi(ProjectsApi, EnvironmentsApi):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20Jobs"""

    def create_job(self, payload: dict[str, Any], *, account_id: int | None = None) -> Job:
        """
        Create a job.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        fills = ("account_id", "state")
        return self._send("POST", Job, "v2/jobs/", json=payload, fills=fills, account_id=account_id)

    def delete_job(self, job_id: int, *, account_id: int | None = None) -> None:
        """
        Delete a job.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete("v2/jobs/{}/", job_id, account_id=account_id)

    def get_job(
        self,
        job_id: int,
        *,
        order_by: str | None = None,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Job:
        """
        Get a job.

        :param order_by: How the related runs are ordered: a field; ``-`` before it reverses.
        :param include_related: Of ``environment``, ``custom_environment_variables``,
            ``most_recent_run`` and ``most_recent_completed_run``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Job,
            "v2/jobs/{}/",
            job_id,
            order_by=order_by,
            include_related=related(include_related),
            account_id=account_id,
        )

    def get_job_by_name(
        self,
        job_name: str,
        *,
        project_name: str,
        environment_name: str,
        account_id: int | None = None,
    ) -> Job:
        """
        Get the one job of this name within an environment of a project.

        :raises ConfigurationError: When there is none, or more than one.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        advice = "Use job_id to say which one."
        projects = self.list_projects(name_contains=project_name, account_id=account_id)
        project = only("project", project_name, projects, advice=advice)
        environments = self.list_environments(project["id"], account_id=account_id)
        environment = only(
            "environment", environment_name, environments, project_name, advice=advice
        )
        jobs = self.list_jobs(
            environment_id=environment["id"], project_id=project["id"], account_id=account_id
        )
        within = f"{project_name}, {environment_name}"
        job: Job = only("job", job_name, jobs, within, advice=advice)
        return job

    def list_jobs(
        self,
        *,
        environment_id: int | None = None,
        project_id: int | Sequence[int] | None = None,
        name_contains: str | None = None,
        dbt_version: str | Sequence[str] | None = None,
        is_fusion_ready: bool | None = None,
        is_system: bool | None = None,
        triggers_schedule: bool | None = None,
        job_id: int | None = None,
        state: int | None = None,
        offset: int | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        include_related: Sequence[str] | None = None,
        account_id: int | None = None,
    ) -> Listing[Job]:
        """
        List jobs.

        :param name_contains: Part of the name, in any case.
        :param triggers_schedule: Only those that are started by a schedule, or those that are not.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :param include_related: As of :meth:`get_job`.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._list(
            Job,
            "v2/jobs/",
            environment_id=environment_id,
            **one_or_several("project_id", project_id),
            name__icontains=name_contains,
            dbt_version__in=[dbt_version] if isinstance(dbt_version, str) else dbt_version,
            is_fusion_ready=is_fusion_ready,
            is_system=is_system,
            triggers_schedule=triggers_schedule,
            pk=job_id,
            state=state,
            order_by=order_by,
            include_related=related(include_related),
            limit=limit,
            offset=offset,
            account_id=account_id,
        )

    def update_job(
        self, job_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Job:
        """
        Replace a job.

        :param payload: The body; ``account_id`` and ``state`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        fills = ("account_id", "state")
        return self._send(
            "POST", Job, "v2/jobs/{}/", job_id, json=payload, fills=fills, account_id=account_id
        )
