"""What runs need to know of projects, environments and jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.env_vars import values_for
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Record, RecordStore


@dataclass(frozen=True)
class Environment:
    """Where dbt builds."""

    id: int
    name: str
    project_id: int
    schema: str
    attributes: Mapping[str, Any]
    """What the profile holds besides, as extended attributes say."""


@dataclass(frozen=True)
class Job:
    """What dbt does; ``timeout_seconds`` 0 means no limit."""

    id: int
    name: str
    project_id: int
    environment_id: int
    execute_steps: list[str]
    generate_docs: bool
    timeout_seconds: int
    threads: int
    target_name: str


class Catalog:
    """Environments and jobs as they are now; deleted ones too, for runs that still have them."""

    def __init__(self, records: RecordStore, run_slots: int) -> None:
        self._records = records
        self.run_slots = run_slots

    def job(self, job_id: int) -> Job | None:
        """Return a job that is not deleted."""
        record = self._records.get("jobs", job_id)
        return None if record is None or record.get("state") == DELETED else _job(record)

    def job_of(self, job_id: int) -> Job:
        """Return the job of a run.

        :raises NotFoundError: when it is not even among the deleted ones.
        """
        record = self._records.get("jobs", job_id)
        if record is None:
            raise NotFoundError
        return _job(record)

    def environment_of(self, environment_id: int) -> Environment:
        """Return the environment of a run.

        :raises NotFoundError: when it is not even among the deleted ones.
        """
        record = self._records.get("environments", environment_id)
        if record is None:
            raise NotFoundError
        credentials = self._records.get("credentials", record.get("credentials_id")) or {}
        extended = self._records.get("extended-attributes", record.get("extended_attributes_id"))
        schema = credentials.get("schema") or credentials.get("default_schema")
        return Environment(
            id=environment_id,
            name=record["name"],
            project_id=record["project_id"],
            schema=schema or f"environment_{environment_id}",
            attributes=(extended or {}).get("extended_attributes") or {},
        )

    def variables_of(self, job: Job) -> dict[str, str]:
        """Return the environment variables that people have set for a job."""
        return values_for(self._records, job.project_id, job.environment_id, job.id)


def _job(record: Record) -> Job:
    return Job(
        id=record["id"],
        name=record["name"],
        project_id=record["project_id"],
        environment_id=record["environment_id"],
        execute_steps=list(record["execute_steps"]),
        generate_docs=bool(record["generate_docs"]),
        timeout_seconds=record["execution"]["timeout_seconds"],
        threads=record["settings"]["threads"],
        target_name=record["settings"]["target_name"],
    )
