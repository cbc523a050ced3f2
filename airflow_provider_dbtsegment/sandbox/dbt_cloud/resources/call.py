"""One request, read: what a handler is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_dbtsegment.sandbox.dbt_cloud.actor import Actor
from airflow_provider_dbtsegment.sandbox.dbt_cloud.errors import NotFoundError
from airflow_provider_dbtsegment.sandbox.dbt_cloud.openapi.document import Operation
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, Record, RecordStore

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.sandbox.dbt_cloud.service import DbtCloud

# What a name in a path, or a field, points at.
POINTS_AT = {
    "connection_id": "connections",
    "credentials_id": "credentials",
    "deferring_environment_id": "environments",
    "deferring_job_definition_id": "jobs",
    "environment_id": "environments",
    "extended_attributes_id": "extended-attributes",
    "group_id": "groups",
    "job_definition_id": "jobs",
    "oauth_configuration_id": "oauth-configurations",
    "project_id": "projects",
    "repository_id": "repositories",
    "service_token_id": "service-tokens",
    "user_id": "users",
}


@dataclass(frozen=True)
class Call:
    """A request, and the account that it is about."""

    service: DbtCloud
    operation: Operation
    path: Mapping[str, Id]
    query: Mapping[str, str]
    body: Any
    actor: Actor
    base_url: str = ""
    client: str = ""
    announces_json: bool = field(default=False)

    @property
    def records(self) -> RecordStore:
        """Everything that the account has."""
        return self.service.records

    def known(self, kind: str, record_id: Id | None) -> Record:
        """Return a record that is not deleted.

        :raises NotFoundError: when there is none.
        """
        record = self.records.get(kind, record_id)
        if record is None or record.get("state") == DELETED:
            raise NotFoundError
        return record

    def check_path(self) -> None:
        """Refuse a path that names what is not there.

        :raises NotFoundError: for another account, and an unknown project, user and so on.
        """
        for name, value in self.path.items():
            if name == "account_id" and value != self.service.account_id:
                raise NotFoundError
            if name in POINTS_AT:
                self.known(POINTS_AT[name], value)
