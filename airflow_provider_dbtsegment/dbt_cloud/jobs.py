"""Jobs: find them and start them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.environments import EnvironmentsApi
from airflow_provider_dbtsegment.dbt_cloud.projects import ProjectsApi
from airflow_provider_dbtsegment.dbt_cloud.types import Job, Run
from airflow_provider_dbtsegment.exceptions import ConfigurationError

#: dbt Cloud refuses a cause that is longer.
MAX_CAUSE = 255


class JobsApi(ProjectsApi, EnvironmentsApi):
    """https://docs.getdbt.com/dbt-cloud/api-v2#/operations/List%20Jobs"""

    def list_jobs(
        self,
        *,
        environment_id: int | None = None,
        project_id: int | list[int] | None = None,
        name_contains: str | None = None,
        state: int | None = None,
        offset: int | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        account_id: int | None = None,
    ) -> list[Job]:
        """
        List jobs.

        :param name_contains: Part of the name, in any case.
        :param state: 1 for active ones (the default), 2 for deleted ones.
        :param order_by: A field; ``-`` before it reverses the order.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        several = isinstance(project_id, list)
        filters = {
            "environment_id": environment_id,
            "project_id__in" if several else "project_id": project_id,
            "name__icontains": name_contains,
            "state": state,
            "order_by": order_by,
        }
        path = self.account_path("jobs", account_id=account_id)
        return list(self._iterate(path, limit=limit, offset=offset, **filters))

    def get_job(self, job_id: int, *, account_id: int | None = None) -> Job:
        """
        Get a job.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        path = self.account_path("jobs", job_id, account_id=account_id)
        job: Job = self.request("GET", path, kind=dict, needs=("id",))
        return job

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
        projects = self.list_projects(name_contains=project_name, account_id=account_id)
        project_id = _only("project", project_name, projects)["id"]
        environments = self.list_environments(project_id, account_id=account_id)
        environment = _only("environment", environment_name, environments, project_name)
        jobs = self.list_jobs(
            environment_id=environment["id"], project_id=project_id, account_id=account_id
        )
        where = f"{project_name}, {environment_name}"
        job: Job = _only("job", job_name, jobs, where)
        return job

    def trigger_job(
        self, job_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Run:
        """
        Start a run of a job. dbt Cloud has no idempotency key: every call starts another run.

        :param payload: The request's body. ``cause`` is required and at most 255 characters long.
        :raises ConfigurationError: When ``cause`` is missing or too long.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`; look at
            ``may_have_happened`` before starting it again.
        """
        cause = payload.get("cause")
        if not isinstance(cause, str) or not 0 < len(cause) <= MAX_CAUSE:
            raise ConfigurationError(
                f"dbt Cloud wants a cause of 1 to {MAX_CAUSE} characters, not {cause!r}."
            )
        path = self.account_path("jobs", job_id, "run", account_id=account_id)
        run: Run = self.request("POST", path, json=payload, kind=dict, needs=("id",))
        return run


def _only(what: str, name: str, found: Sequence[Any], where: str = "") -> Any:
    """Return the one entry that has exactly this name."""
    within = f" in {where}" if where else ""
    same = [entry for entry in found if entry.get("name") == name]
    if len(same) == 1:
        return same[0]
    if same:
        ids = ", ".join(str(entry["id"]) for entry in same)
        raise ConfigurationError(
            f"dbt Cloud has {len(same)} {what}s named {name!r}{within} (ids {ids}). "
            "Use job_id to say which one."
        )
    names = ", ".join(repr(entry.get("name")) for entry in found[:10])
    there = f"There are: {names}." if names else f"This token sees no such {what}."
    raise ConfigurationError(f"dbt Cloud has no {what} named {name!r}{within}. {there}")
