"""
Who may see what: as Airflow itself says.

Airflow does not protect an app that a plugin mounts, so each route here asks for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.batch_apis import IsAuthorizedDagRequest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends

from airflow_provider_dbtsegment.ui.reading.dags import DagRow

__all__ = ["SEES_DAG", "GetUserDep", "readable"]

#: What the pages show of a DAG.
_SHOWN = (DagAccessEntity.RUN, DagAccessEntity.TASK_INSTANCE, DagAccessEntity.XCOM)

#: For routes about the one DAG that `dag_id` in their path names: 401 without a user, 403 for one
#: who may not read its runs, tasks and XComs.
SEES_DAG = [Depends(requires_access_dag("GET", entity)) for entity in _SHOWN]


def readable(dags: Sequence[DagRow], user: GetUserDep) -> Iterator[DagRow]:
    """
    Yield those DAGs of which the user may see what the pages show, in their order.

    Who may see all of them is asked about once: some auth managers ask elsewhere.
    """
    if not dags:
        return
    if get_auth_manager().batch_is_authorized_dag([*_requests(dags)], user=user):
        yield from dags
    elif len(dags) > 1:
        half = len(dags) // 2
        yield from readable(dags[:half], user)
        yield from readable(dags[half:], user)


def _requests(dags: Sequence[DagRow]) -> Iterator[IsAuthorizedDagRequest]:
    for dag in dags:
        details = DagDetails(id=dag.dag_id, team_name=dag.team)
        for entity in _SHOWN:
            yield IsAuthorizedDagRequest(method="GET", access_entity=entity, details=details)
