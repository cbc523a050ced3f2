"""Environment variables of a project: which value counts where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record, RecordStore

KIND = "environment-variables"
SECRET = "DBT_ENV_SECRET"  # noqa: S105 - how the names of secret ones begin
MASK = "**********"
# The field that says whose value it is; a later scope overrules an earlier one.
SCOPES: Mapping[str, str | None] = {
    "project": None,
    "environment": "environment_id",
    "job": "job_definition_id",
    "user": "user_id",
}


def of_project(records: RecordStore, project_id: Id) -> list[Record]:
    """Return all values of all variables of a project."""
    return [
        one
        for one in records.all(KIND)
        if one["project_id"] == project_id and one.get("state") != DELETED
    ]


def values_for(
    records: RecordStore, project_id: int, environment_id: int, job_id: int
) -> dict[str, str]:
    """Return what a run's dbt commands find in their environment."""
    owners = {"project": None, "environment": environment_id, "job": job_id}
    values: dict[str, str] = {}
    for scope, owner in owners.items():
        field = SCOPES[scope]
        for one in of_project(records, project_id):
            if one["type"] == scope and (field is None or one.get(field) == owner):
                values[one["name"]] = str(one.get("_raw_value") or "")
    return values


def displayed(name: str, value: str | None) -> str | None:
    """Return what may be seen of a value."""
    return MASK if value and name.startswith(SECRET) else value
