"""Who runs and who writes do not wait for each other: each holds a lock that the other wants."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airflow_provider_dbtsegment.sandbox.clock import Clock
from airflow_provider_dbtsegment.sandbox.dbt_cloud.record_store import RecordStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.records import Run, Trigger
from airflow_provider_dbtsegment.sandbox.dbt_cloud.run_store import RunStore
from airflow_provider_dbtsegment.sandbox.dbt_cloud.status import Status
from airflow_provider_dbtsegment.sandbox.dbt_cloud.webhook_delivery import (
    SUBSCRIPTIONS,
    WebhookDelivery,
)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[RecordStore]:
    records = RecordStore(tmp_path, Clock())
    yield records
    records.close()


def run_of(run_id: int) -> Run:
    trigger = Trigger(id=run_id, cause="A test")
    at = Clock().now()
    return Run(run_id, 1, 1, 1, trigger, created_at=at, updated_at=at)


def test_a_run_ends_while_a_writer_waits_for_runs(records: RecordStore, tmp_path: Path) -> None:
    records.put(SUBSCRIPTIONS, {"id": "w", "active": False, "event_types": [], "job_ids": []})
    runs = RunStore(tmp_path, Clock())
    delivery = WebhookDelivery(records, 1)
    runs.listen(delivery.on_run)
    run = runs.add(run_of)
    with ThreadPoolExecutor(1) as elsewhere, records.transaction():
        ended = elsewhere.submit(runs.end, run.id, Status.SUCCESS, None)
        ended.result(timeout=10)
        assert runs.all() == [dataclasses.replace(runs.all()[0], status=Status.SUCCESS)]
    delivery.stop()


def test_readers_of_records_wait_for_no_writer(records: RecordStore) -> None:
    records.put("groups", {"id": 1})
    with ThreadPoolExecutor(1) as elsewhere, records.transaction():
        assert elsewhere.submit(records.all, "groups").result(timeout=10) == [{"id": 1}]
