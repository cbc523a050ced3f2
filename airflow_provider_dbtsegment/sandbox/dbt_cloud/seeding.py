"""Bring the records to what the configuration says; what the API has changed since stays.

A record is written anew when what the configuration says of it has changed since it was last read.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_dbtsegment.sandbox.config import DbtCloudConfig
from airflow_provider_dbtsegment.sandbox.dbt_cloud import times
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import DELETED
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import Id, RecordStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.seeds import seeds

# Numbers of what the API makes begin here; lower ones are left to the configuration.
FIRST_MADE = 100_001
CONFIGURED = ("connections", "credentials", "environments", "jobs", "projects", "repositories")
PEOPLE = ("groups", "permissions", "users")
FIRST_PERSON = 11


def seed(records: RecordStore, config: DbtCloudConfig) -> None:
    """Write what is new or changed, and delete what the configuration no longer has."""
    wanted: dict[str, dict[Id, Mapping[str, Any]]] = {}
    for kind, fields in seeds(config):
        wanted.setdefault(kind, {})[fields["id"]] = fields
    with records.transaction():
        for kind in CONFIGURED:
            records.start_ids(kind, FIRST_MADE)
        for kind in PEOPLE:
            records.start_ids(kind, FIRST_PERSON)
        for kind in (*CONFIGURED, *PEOPLE, "accounts"):
            _seed_kind(records, kind, wanted.get(kind, {}))


def _seed_kind(records: RecordStore, kind: str, wanted: Mapping[Id, Mapping[str, Any]]) -> None:
    known = records.sources(kind)
    at = times.text(records.clock.now())
    for record_id, fields in wanted.items():
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        if known.get(record_id) == digest:
            continue
        old = records.get(kind, record_id) or {"created_at": at}
        records.put(kind, {**fields, "created_at": old["created_at"], "updated_at": at})
        records.set_source(kind, record_id, digest)
    for record_id in known.keys() - wanted.keys():
        gone = records.get(kind, record_id)
        if gone is not None:
            records.put(kind, {**gone, "state": DELETED, "updated_at": at})
        records.set_source(kind, record_id, None)
