"""Environment variables of a project."""

from __future__ import annotations

from typing import Any

from airflow_provider_dbtsegment.dbt_cloud.base import DbtCloudBase, Record


class EnvironmentVariablesApi(DbtCloudBase):
    """https://docs.getdbt.com/dbt-cloud/api-v3#/operations/Create%20Projects%20Environment%20Variable"""

    def create_environment_variable(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Create one value of an environment variable.

        :param payload: The body; ``type`` says whether it is that of the project, an environment, a
            job or a person. ``account_id`` and ``project_id`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/environment-variables/",
            project_id,
            json=payload,
            fills=("account_id", "project_id"),
            account_id=account_id,
        )

    def create_environment_variables(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> list[Record]:
        """
        Create an environment variable with its values for several environments.

        :param payload: ``{"env_var": {"new_name": …, "project": the default, "<environment>":
            …}}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            list[Record],
            "v3/projects/{}/environment-variables/bulk/",
            project_id,
            json=payload,
            account_id=account_id,
        )

    def delete_environment_variables(
        self, project_id: int, env_var_id: int, *, account_id: int | None = None
    ) -> None:
        """
        Delete one value of an environment variable.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/environment-variables/{}/",
            project_id,
            env_var_id,
            account_id=account_id,
        )

    def bulk_delete_environment_variables(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> None:
        """
        Delete an environment variable with all its values.

        :param payload: ``{"name": …}``.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        self._delete(
            "v3/projects/{}/environment-variables/bulk/",
            project_id,
            json=payload,
            account_id=account_id,
        )

    def list_environment_variables(
        self, project_id: int, *, account_id: int | None = None
    ) -> Record:
        """
        Get the environment variables of a project with their values in each environment.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/environment-variables/environment/",
            project_id,
            account_id=account_id,
        )

    def list_job_environment_variables(
        self, project_id: int, *, job_definition_id: int, account_id: int | None = None
    ) -> Record:
        """
        Get the environment variables as a job sees them, by name.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/environment-variables/job/",
            project_id,
            job_definition_id=job_definition_id,
            account_id=account_id,
        )

    def list_user_environment_variables(
        self, project_id: int, *, user_id: int, account_id: int | None = None
    ) -> Record:
        """
        Get the environment variables as a person sees them, by name.

        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._get(
            Record,
            "v3/projects/{}/environment-variables/user/",
            project_id,
            user_id=user_id,
            account_id=account_id,
        )

    def update_environment_variable(
        self,
        project_id: int,
        env_var_id: int,
        payload: dict[str, Any],
        *,
        account_id: int | None = None,
    ) -> Record:
        """
        Change one value of an environment variable.

        :param payload: The body; ``account_id`` and ``project_id`` are filled in.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "POST",
            Record,
            "v3/projects/{}/environment-variables/{}/",
            project_id,
            env_var_id,
            json=payload,
            fills=("account_id", "project_id"),
            account_id=account_id,
        )

    def update_environment_variables(
        self, project_id: int, payload: dict[str, Any], *, account_id: int | None = None
    ) -> Record:
        """
        Change an environment variable with its values for several environments.

        :param payload: ``{"env_vars": {"name": …, "new_name": …, "project": …, "<environment>":
            …}}``; null leaves that environment without a value of its own.
        :raises RequestError: See :mod:`airflow_provider_dbtsegment.exceptions`.
        """
        return self._send(
            "PUT",
            Record,
            "v3/projects/{}/environment-variables/bulk/",
            project_id,
            json=payload,
            account_id=account_id,
        )
