"""A mapping that the real operator syncs day after day, and a destination that may be down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest

from airflow_provider_dbtsegment.hooks.segment import SegmentHook
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.rest import budget
from airflow_provider_dbtsegment.sandbox.config import Config, DbtCloudConfig
from airflow_provider_dbtsegment.sandbox.running import Sandbox
from airflow_provider_dbtsegment.sandbox.testing import DbtClient, running_sandbox
from airflow_provider_dbtsegment.sandbox.warehouse import Warehouse
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.conftest import TINY
from tests.task_bench import Ended, Ledger, TaskInstance, run_task
from tests.waiting import wait_until

TOKEN = "segment-token"
IDS = {"source_id": "warehouse", "model_id": "people", "subscription_id": "to_crm"}


class Crm(BaseHTTPRequestHandler):
    """A destination that takes rows with an email, while it is alive."""

    protocol_version = "HTTP/1.1"
    alive = True

    def do_POST(self) -> None:
        row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["row"]
        takes = "@" in row["email"]
        self.send_response((200 if takes else 422) if type(self).alive else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@dataclass
class Day:
    """A mapping of a sandbox, and what a task makes of its syncs."""

    sandbox: Sandbox
    deferrable: bool
    options: dict[str, Any]

    def add(self, rows: int, bad: int = 0) -> None:
        """Add rows to the warehouse, of which the destination rejects some."""
        with (
            Warehouse(self.sandbox.warehouse).exclusive(),
            duckdb.connect(str(self.sandbox.warehouse)) as connection,
        ):
            connection.execute("CREATE TABLE IF NOT EXISTS people (id INTEGER, email VARCHAR)")
            connection.execute(
                "INSERT INTO people "
                "SELECT n + range, CASE WHEN range < ? THEN 'none' ELSE 'p@x.org' END "
                "FROM range(?), (SELECT count(*) AS n FROM people)",
                [bad, rows],
            )

    def sync(self, try_number: int = 1, ledger: Ledger | None = None, **changed: Any) -> Ended:
        """Run the operator, on another day as to what it may ask of Segment."""
        budget._budgets.clear()
        options = {"poll_interval": 0.05, "deferrable": self.deferrable, **self.options, **changed}
        task = CreateReverseETLManualSyncOperator(task_id="sync", retries=3, **IDS, **options)
        instance = TaskInstance(try_number=try_number, max_tries=3)
        return run_task(task, instance, ledger)


@pytest.fixture(scope="module")
def crm() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Crm) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(params=[False, True], ids=["worker", "triggerer"])
def day(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    crm: str,
    connected: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Day]:
    """The day before the first load: 50 rows, of which the destination rejects 3."""
    section = {
        "token": TOKEN,
        "rate_limits": {"start_sync": 1000, "sync_status": 10000, "default": 10000},
        "sources": [{"id": "warehouse"}],
        "destinations": [{"id": "crm", "type": "webhook", "url": crm, "timeout_seconds": 5}],
        "models": [
            {
                "id": "people",
                "source_id": "warehouse",
                "query": "SELECT id, email FROM people ORDER BY id",
                "query_identifier_column": "id",
            }
        ],
        "mappings": [{"id": "to_crm", "model_id": "people", "destination": "crm"}],
    }
    config = Config(dbt_cloud=DbtCloudConfig(projects=[]), segment=section)
    monkeypatch.setattr(Crm, "alive", True)
    # No job runs, so dbt need not start.
    with running_sandbox(tmp_path, TINY, config, dbt=DbtClient()) as sandbox:
        connection = {"conn_type": "segment_public_api", "host": sandbox.url, "password": TOKEN}
        monkeypatch.setenv("AIRFLOW_CONN_SEGMENT_DEFAULT", json.dumps(connection))
        options = {"partial_success": "accept", "max_rejected_rows": "10%"}
        made = Day(sandbox, request.param, options)
        made.add(50, bad=3)
        yield made


def counts(ended: Ended) -> tuple[Any, ...]:
    summary = ended.xcoms["sync_summary"]
    names = ("status", "delivered", "rejected", "new_rejected", "new_rows", "passed")
    return tuple(summary[name] for name in names)


def test_known_bad_rows_pass_each_day_and_a_dead_destination_does_not(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = day.sync()
    assert first.state == "success", first
    assert counts(first) == ("PARTIAL_SUCCESS", 47, 3, None, None, True)

    for _ in range(3):
        quiet = day.sync()
        assert quiet.state == "success", quiet
        assert counts(quiet) == ("FAIL", 0, 3, 0, 0, True)
        assert quiet.workers == 1

    monkeypatch.setattr(Crm, "alive", False)
    assert day.sync().state == "success", "nothing was to be delivered"
    day.add(2)
    ledger = Ledger()
    for try_number in (1, 2):
        dead = day.sync(try_number, ledger)
        assert dead.state == "failed"
        assert counts(dead) == ("FAIL", 0, 5, 2, 2, False)
        assert "3 known from before; none of the 2 new rows" in dead.message
        assert "was delivered" in dead.message

    monkeypatch.setattr(Crm, "alive", True)
    back = day.sync(3, ledger)
    assert back.state == "success", back
    assert counts(back) == ("PARTIAL_SUCCESS", 2, 3, 0, 2, True)
    assert counts(day.sync()) == ("FAIL", 0, 3, 0, 0, True)

    day.add(10, bad=2)
    worse = day.sync()
    assert worse.state == "failed"
    assert counts(worse) == ("PARTIAL_SUCCESS", 8, 5, 2, 10, False)
    assert "2 of 10 new rows (20%). max_rejected_rows='10%' allows 10%" in worse.message


def test_a_destination_that_is_dead_from_the_first_load_on_never_passes(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crm, "alive", False)
    for _ in range(3):
        dead = day.sync(max_rejected_rows=None)
        assert dead.state == "failed"
        assert "none of the 50 new rows" in dead.message


def test_an_attempt_takes_over_a_sync_that_the_policy_lets_pass(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, started = Ledger(), []
    day.sync()

    def die(self: Any, context: Any, launch: Any, key: Any) -> Any:
        started.append(launch.id)
        raise ConnectionError("the worker is gone")

    with monkeypatch.context() as patch:
        patch.setattr(CreateReverseETLManualSyncOperator, "_follow", die)
        assert day.sync(1, ledger).state == "failed"
    hook = SegmentHook()
    wait_until(lambda: hook.get_reverse_etl_sync_status("people", started[0]).get("finishedAt"))
    hook.close()
    taken = day.sync(2, ledger)
    assert (taken.state, taken.xcoms["sync_id"]) == ("success", started[0])
    assert counts(taken) == ("FAIL", 0, 3, 0, 0, True)


def test_a_sensor_tells_known_rows_only_if_it_is_told_the_mapping(day: Day) -> None:
    day.sync()
    quiet = day.sync().value
    options = {**day.options, "deferrable": day.deferrable, "poke_interval": 1, "sync_id": quiet}
    known = {"model_id": "people", "subscription_id": "to_crm"}
    sees = ReverseETLSyncSensor(task_id="see", **known, **options)
    assert run_task(sees).state == "success"
    blind = run_task(ReverseETLSyncSensor(task_id="see", model_id="people", **options))
    assert blind.state == "failed without retries"
    assert "without a subscription_id the mapping's syncs cannot be listed" in blind.message
