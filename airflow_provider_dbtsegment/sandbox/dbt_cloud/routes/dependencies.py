"""What routes are given: the service, and the things that a path names.

All of it is in memory, and therefore asynchronous: it would not be worth a thread.
"""

from typing import Annotated

from fastapi import Depends, Request

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.catalog import Job
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import related
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run
from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud


async def dbt_cloud(request: Request) -> DbtCloud:
    """Return the service that the app was made with."""
    service = request.app.state.dbt_cloud
    assert isinstance(service, DbtCloud)  # noqa: S101 - tells mypy what create_api has put there
    return service


Service = Annotated[DbtCloud, Depends(dbt_cloud)]


async def known_account(account_id: int, service: Service) -> None:
    """Refuse any account but ours."""
    if account_id != service.account_id:
        raise NotFoundError


async def known_job(job_id: int, service: Service) -> Job:
    """Return the job of the path."""
    job = service.catalog.job(job_id)
    if job is None:
        raise NotFoundError
    return job


async def known_run(run_id: int, service: Service) -> Run:
    """Return the run of the path."""
    return service.runs.get(run_id)


async def asked_for(request: Request) -> set[str]:
    """Return the names in ``include_related``."""
    return related(request.query_params)


async def base_url(request: Request) -> str:
    """Return where the caller reached the sandbox."""
    return f"{request.url.scheme}://{request.url.netloc}"


async def actor_of(request: Request) -> Actor:
    """Return whose token the request bears."""
    actor = request.state.actor
    assert isinstance(actor, Actor)  # noqa: S101 - tells mypy what the guard has put there
    return actor


Caller = Annotated[Actor, Depends(actor_of)]
KnownJob = Annotated[Job, Depends(known_job)]
KnownRun = Annotated[Run, Depends(known_run)]
Related = Annotated[set[str], Depends(asked_for)]
BaseUrl = Annotated[str, Depends(base_url)]
