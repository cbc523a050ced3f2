"""
Who may see what: as Airflow itself says.

Airflow does not protect an app that a plugin mounts, so each route here asks for itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

__all__ = ["SEES_DAG", "GetUserDep", "readable"]

#: What the pages show of a DAG.
_SHOWN = (DagAccessEntity.RUN, DagAccessEntity.TASK_INSTANCE, DagAccessEntity.XCOM)

#: For routes about the one DAG that `dag_id` in their path names: 401 without a user, 403 for one
#: who may not read its runs, tasks and XComs.
SEES_DAG = [Depends(requires_access_dag("GET", entity)) for entity in _SHOWN]


def readable(dag_ids: Iterable[str], request: Request, user: GetUserDep) -> set[str]:
    """Return those DAGs of which the user may see what the pages show."""
    return {dag_id for dag_id in dag_ids if _may_see(dag_id, request, user)}


def _may_see(dag_id: str, request: Request, user: GetUserDep) -> bool:
    try:
        for entity in _SHOWN:
            requires_access_dag("GET", entity, dag_id)(request, user)
    except HTTPException as error:
        if error.status_code != status.HTTP_403_FORBIDDEN:
            raise
        return False
    return True
