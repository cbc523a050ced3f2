"""One table: however one waits, the same end gives the same state and the same words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.compat import BEGINS_IN_TRIGGERER
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.ends import ROWS, SERVICES, SUCCESS, Row
from tests.one_wait import ACCOUNT, JOB, MAPPING, MODEL, RUN, SYNC, TOKEN, OneWait
from tests.scripted_server import serving
from tests.task_bench import Ended, Ledger, TaskInstance, outside_the_task_runner, run_task

DEFERRED = {"deferrable": True, "end_in_triggerer": False}
OPERATOR_MODES: dict[str, dict[str, Any]] = {
    "in the worker": {},
    "deferred": DEFERRED,
    "ended in the triggerer": {"deferrable": True},
}
SENSOR_MODES: dict[str, dict[str, Any]] = {
    "poke": {"mode": "poke"},
    "reschedule": {"mode": "reschedule"},
    "deferred": DEFERRED,
    "ended in the triggerer": {"deferrable": True},
}
BEGUN = "begun in the triggerer"
if BEGINS_IN_TRIGGERER:
    SENSOR_MODES[BEGUN] = {"deferrable": True}
#: How many processes of workers a success takes; in reschedule mode it is one for each look.
WORKERS = {"in the worker": 1, "poke": 1, "deferred": 2, "ended in the triggerer": 1, BEGUN: 0}
SOFTNESS: dict[str, dict[str, Any]] = {
    "hard": {},
    "soft_fail": {"soft_fail": True},
    "never_fail": {"never_fail": True},
}
#: No cell needs so many seconds.
IN_TIME = 20


class Cell(NamedTuple):
    """Where a row meets a mode."""

    kind: str
    mode: str
    softness: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.mode}, {self.softness}"


CELLS = [Cell("operator", mode, "hard") for mode in OPERATOR_MODES]
CELLS += [Cell("sensor", mode, softness) for softness in SOFTNESS for mode in SENSOR_MODES]
TABLE = [(service, cell) for service in SERVICES for cell in CELLS]


@pytest.fixture(scope="module")
def imported() -> None:
    """Airflow imports much at its first use; threads that do so at once can wait for each other."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for cell in CELLS[: len(OPERATOR_MODES) + len(SENSOR_MODES)]:
            play(ROWS[0], "dbt Cloud", cell, monkeypatch)


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_end_is_the_same_in_all_modes(
    row: Row,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tell: Callable[[str], None],
) -> None:
    # Long enough for a busy machine to take a first look within it.
    monkeypatch.setattr(patience, "NOT_FOUND_GRACE", 2.0)
    monkeypatch.setattr(patience, "NOT_FOUND_CONFIRMATION", 1.0)
    monkeypatch.setattr(patience, "AUTH_CONFIRMATION", 1.0)
    there = [(service, cell) for service, cell in TABLE if row.story(service) is not None]
    with outside_the_task_runner(), ThreadPoolExecutor(len(there)) as pool:
        played = [pool.submit(play, row, *place, monkeypatch) for place in there]
        ends = {place: one.result() for place, one in zip(there, played, strict=True)}
    states = {place: ended.state for place, ended in ends.items()}
    assert states == {place: expected_state(row, place[1]) for place in there}
    for service in SERVICES:
        words = {
            str(cell): ended.message.removeprefix("Skipped instead of failing: ")
            for (of, cell), ended in ends.items()
            if of == service
        }
        if not words:
            assert row.story(service) is None
            continue
        assert len(set(words.values())) == 1, json.dumps(words, indent=1)
        said = next(iter(words.values()))
        assert row.says[SERVICES.index(service)] in said
        assert bool(said) == (row.states != SUCCESS)
        assert TOKEN not in said
    assert TOKEN not in caplog.text
    for (_, cell), ended in ends.items():
        deferred, rescheduled = ended.deferrals > 0, ended.reschedules > 0
        if row.started:
            defers = cell.mode not in ("in the worker", "poke", "reschedule")
            assert (deferred, rescheduled) == (defers, cell.mode == "reschedule")
        if row.states == SUCCESS and cell.mode in WORKERS:
            assert ended.workers == WORKERS[cell.mode], cell
        if ended.state != "success":
            assert "return_value" not in ended.xcoms, cell
    if row.states == SUCCESS:
        assert_left_alike(ends)
    tell(f"{row.name}: alike in {len(ends)} cells")


def assert_left_alike(ends: dict[tuple[str, Cell], Ended]) -> None:
    """Assert that a success leaves the same XComs and the same result behind in all modes."""
    for service in SERVICES:
        for kind, first in (("operator", "in the worker"), ("sensor", "poke")):
            left = {
                cell.mode: (ended.value if kind == "operator" else None, ended.xcoms)
                for (of, cell), ended in ends.items()
                if (of, cell.kind) == (service, kind)
            }
            for mode, (value, xcoms) in left.items():
                own = {name: xcoms[name] for name in xcoms if name != "return_value"}
                assert (value, own) == left[first], mode
                # Airflow itself pushes what a worker returns.
                pushed = kind == "operator" and mode == "ended in the triggerer"
                assert ("return_value" in xcoms) == pushed, mode
                assert not pushed or xcoms["return_value"] == value


def expected_state(row: Row, cell: Cell) -> str:
    state = row.states[0 if cell.kind == "operator" else 1]
    if state == "success" or cell.softness == "hard":
        return state
    return "skipped" if row.soft or cell.softness == "never_fail" else state


def play(row: Row, service: str, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Run one cell, with a service and a connection of its own; what differs by it is taken out."""
    story = row.story(service)
    assert story is not None
    number = TABLE.index((service, cell))
    instance = TaskInstance(run_id=str(number))
    seen: dict[str, Any] = {}

    def at_first_look() -> None:
        seen.update(instance.xcoms)
        if cell.kind == "sensor":
            # It looks as soon as it runs, however long that took.
            server.begin()

    with serving(OneWait(story, at_first_look)) as server:
        connection_id = f"cell_{number}"
        if row.connection is not None:
            given = {"conn_type": "x", "host": server.url, "login": str(ACCOUNT), "password": TOKEN}
            text = json.dumps({**given, **row.connection})
            monkeypatch.setenv(f"AIRFLOW_CONN_{connection_id.upper()}", text)
        task = made(row, service, cell, connection_id)
        server.begin()
        ended = run_task(task, instance, Ledger(), begins_in_triggerer=cell.mode == BEGUN)
        ended.xcoms = json.loads(json.dumps(ended.xcoms).replace(server.url, "{url}"))
        assert time.monotonic() - server.began < IN_TIME
        assert server.cancelled == 0
        ids = {"run_id": RUN} if service == "dbt Cloud" else {"sync_id": SYNC}
        if cell.kind == "operator" and row.started:
            # Left behind before anybody looked how it went.
            assert seen.items() >= ids.items()
            assert service == "Segment" or seen["run_url"].endswith("/runs/11")
        api = f"/api/v2/accounts/{ACCOUNT}/runs/{RUN}/"
        look = api if service == "dbt Cloud" else f"/reverse-etl-models/{MODEL}/syncs/{SYNC}"
        message = ended.message.replace(server.url + look, "{look}").replace(server.url, "{url}")
        message = message.replace(connection_id, "{id}")
        ended.message = re.sub(r"time was up after \d+ s", "time was up after N s", message)
    return ended


def made(row: Row, service: str, cell: Cell, connection_id: str) -> Any:
    """Return the task of a cell."""
    options = {"timeout": 30, "fault_budget": 10, **row.options}
    interval = options.pop("interval", 0.15)
    if cell.kind == "operator":
        options |= {"poll_interval": interval, **OPERATOR_MODES[cell.mode], **row.of_operators}
        if service == "dbt Cloud":
            ids = {"dbt_cloud_conn_id": connection_id, "job_id": JOB}
            return TriggerDbtJobOperator(task_id="t", retries=1, **ids, **options)
        mapping = {"source_id": "w", "model_id": MODEL, "subscription_id": MAPPING}
        return CreateReverseETLManualSyncOperator(
            task_id="t", retries=1, segment_conn_id=connection_id, **mapping, **options
        )
    options |= {"poke_interval": interval, **SENSOR_MODES[cell.mode], **SOFTNESS[cell.softness]}
    if service == "dbt Cloud":
        ids = {"dbt_cloud_conn_id": connection_id, "run_id": RUN}
        return DbtCloudRunSensor(task_id="t", **ids, **options)
    ids = {"segment_conn_id": connection_id, "model_id": MODEL, "sync_id": SYNC}
    return ReverseETLSyncSensor(task_id="t", **ids, **options)
