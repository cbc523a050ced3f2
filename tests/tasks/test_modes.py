"""One table: however one waits, the same end gives the same state and the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from airflow_provider_dbtsegment import patience
from airflow_provider_dbtsegment.operators.dbt_cloud import TriggerDbtJobOperator
from airflow_provider_dbtsegment.operators.segment import CreateReverseETLManualSyncOperator
from airflow_provider_dbtsegment.sensors.dbt_cloud import DbtCloudRunSensor
from airflow_provider_dbtsegment.sensors.segment import ReverseETLSyncSensor
from tests.one_wait import (
    ACCOUNT,
    JOB,
    MAPPING,
    MODEL,
    RUN,
    SYNC,
    TOKEN,
    OneWait,
    Story,
    refusal,
    run,
    sync,
)
from tests.scripted_server import Reply, serving
from tests.task_bench import Ended, Ledger, TaskInstance, outside_the_task_runner, run_task

OPERATOR_MODES = {"in the worker": {}, "deferred": {"deferrable": True}}
SENSOR_MODES = {
    "poke": {"mode": "poke"},
    "reschedule": {"mode": "reschedule"},
    "deferred": {"deferrable": True},
}
SOFTNESS: dict[str, dict[str, Any]] = {
    "hard": {},
    "soft_fail": {"soft_fail": True},
    "never_fail": {"never_fail": True},
}
SERVICES = ("dbt Cloud", "Segment")
#: An operator starts anew at Airflow's next try. What a sensor waits for stays as it has ended, and
#: a sensor's time-out is that of all its tries, so it fails without further ones. Where the two
#: states of a row differ, this is why.
FAILED = ("failed", "failed without retries")
AGAIN = ("failed", "failed")
NEVER_AGAIN = ("failed without retries", "failed without retries")
SUCCESS = ("success", "success")


@dataclass(frozen=True)
class Row:
    """
    One end.

    :param dbt_cloud: What dbt Cloud tells of the run, by seconds; `None` where it has no such end.
    :param states: Of operators and of sensors.
    :param says: A part of the message, one for both services or one for each.
    :param soft: Whether `soft_fail` skips a sensor: it does when the waited-for thing has not
        succeeded, not when it could not be asked.
    :param started: Whether the operators start something.
    """

    name: str
    dbt_cloud: Story | None
    segment: Story | None
    states: tuple[str, str]
    says: tuple[str, str]
    soft: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    of_operators: dict[str, Any] = field(default_factory=dict)
    connection: dict[str, Any] | None = field(default_factory=dict)
    started: bool = True

    def story(self, service: str) -> Story | None:
        """Return what a service tells."""
        return self.dbt_cloud if service == "dbt Cloud" else self.segment


STEP = {
    "index": 2,
    "name": "Invoke dbt with `dbt parse`",
    "status": 20,
    "logs": "line 1\nParsing Error: no such macro",
}
WENT_ON = ((0.0, run(3)), (0.0, sync("IN_PROGRESS")))
HTML = Reply(200, "<html>busy</html>", {"Content-Type": "text/html"})
COUNTS = {"deliverSuccessCount": "15", "deliverFailureCount": "5"}


def both(since: float, reply: Reply) -> tuple[Story, Story]:
    """Tell of something that goes on, and then the same for both services."""
    return (WENT_ON[0], (since, reply)), (WENT_ON[1], (since, reply))


ROWS = [
    Row("success", (WENT_ON[0], (0.3, run(10))), (WENT_ON[1], (0.3, sync("SUCCESS"))), SUCCESS,
        ("", "")),
    Row("error with a reason",
        (WENT_ON[0], (0.3, run(20, run_steps=[STEP], status_message="Out of memory"))),
        (WENT_ON[1], (0.3, sync("FAIL", error="No such table: shop"))),
        FAILED,
        (
            "ended with status error in step 2, Invoke dbt with `dbt parse`.\n"
            "dbt Cloud says: Out of memory\n"
            "The end of the log of Invoke dbt with `dbt parse`:\n"
            "  line 1\n"
            "  Parsing Error: no such macro\n"
            "See {url}/deploy/7/projects/3/runs/11",
            "Segment says: No such table: shop",
        ),
        soft=True),
    Row("cancelled by a person",
        (WENT_ON[0], (0.3, run(30))), (WENT_ON[1], (0.3, sync("CANCELED"))),
        NEVER_AGAIN, ("ended with status cancelled", "ended with status CANCELED"), soft=True),
    Row("cancelled by a person, to be tried again",
        (WENT_ON[0], (0.3, run(30))), (WENT_ON[1], (0.3, sync("CANCELED"))),
        FAILED, ("ended with status cancelled", "ended with status CANCELED"), soft=True,
        of_operators={"retry_cancelled": True}),
    Row("partial success that fails",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        FAILED, ("", "delivered 15 of 20 rows; the destination refused 5"), soft=True),
    Row("partial success beyond the limit",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        FAILED, ("", "max_failed_rows=4 allows 4"), soft=True,
        options={"partial_success": "warn", "max_failed_rows": 4}),
    Row("partial success that passes",
        None, (WENT_ON[1], (0.3, sync("PARTIAL_SUCCESS", loadPhase=COUNTS))),
        SUCCESS, ("", ""), options={"partial_success": "accept", "max_failed_rows": 5}),
    Row("an unknown status that lasts",
        (WENT_ON[0], (0.2, run(42))), (WENT_ON[1], (0.2, sync("PONDERING"))),
        FAILED, ("It had not ended when the time was up after N s", ) * 2, soft=True,
        options={"timeout": 1}),
    Row("an unknown status that passes",
        ((0.0, run(42)), (0.3, run(10))), ((0.0, sync("PONDERING")), (0.3, sync("SUCCESS"))),
        SUCCESS, ("", "")),
    Row("an unknown last status",
        None, (WENT_ON[1], (0.2, sync("ABANDONED", finishedAt="2026-01-01T00:00:00Z"))),
        FAILED, ("", "ended with status ABANDONED"), soft=True),
    Row("no end before the time-out", WENT_ON[:1], WENT_ON[1:], FAILED,
        ("It had not ended when the time was up after N s.", ) * 2, soft=True,
        options={"timeout": 1}),
    Row("an end that only the last look before the time-out sees",
        (WENT_ON[0], (0.3, run(10))), (WENT_ON[1], (0.3, sync("SUCCESS"))), SUCCESS, ("", ""),
        options={"timeout": 1, "interval": 60}),
    Row("too busy until the time-out", *both(0.1, refusal(429, "slow down")), FAILED,
        ("the time was up after N s; the last look failed: GET {look}: 429 slow down", ) * 2,
        soft=True, options={"timeout": 1}),
    Row("a token that is refused", *both(0.2, refusal(401, f"No such token: {TOKEN}")), AGAIN,
        ("GET {look}: 401 No such token: ***. Correct the token of connection '{id}'", ) * 2),
    Row("a permission that is missing", *both(0.2, refusal(403, "Not for you")), AGAIN,
        ("GET {look}: 403 Not for you. Correct the token of connection '{id}'", ) * 2),
    Row("faults within the budget",
        (WENT_ON[0], (0.1, Reply(502)), (0.3, HTML), (1.2, run(10))),
        (WENT_ON[1], (0.1, Reply(502)), (0.3, HTML), (1.2, sync("SUCCESS"))), SUCCESS, ("", "")),
    Row("faults beyond the budget", *both(0.2, refusal(500, "down")), AGAIN,
        ("The service could not be asked for 0.5 s in a row; the last reason: GET {look}: 500 down",
         ) * 2, options={"fault_budget": 0.5}),
    Row("answers without sense beyond the budget", *both(0.2, HTML), AGAIN,
        ("could not be asked for 0.5 s in a row; the last reason: GET {look}: answered 200 with",
         ) * 2, options={"fault_budget": 0.5}),
    Row("never there", ((0.0, refusal(404, "no such")), ), ((0.0, refusal(404, "no such")), ),
        AGAIN, ("GET {look}: 404 no such", ) * 2),
    Row("deleted while it went on", *both(0.4, refusal(404, "no such")), AGAIN,
        ("GET {look}: 404 no such", ) * 2),
    Row("gone for good", *both(0.4, refusal(410, "gone")), AGAIN,
        ("GET {look}: 410 gone", ) * 2),
    Row("a request that is refused", *both(0.2, refusal(400, "bad id")), AGAIN,
        ("GET {look}: 400 bad id", ) * 2),
    Row("no such connection", WENT_ON[:1], WENT_ON[1:], AGAIN,
        ("There is no connection '{id}' in Airflow.", ) * 2, connection=None, started=False),
    Row("a connection without a token", WENT_ON[:1], WENT_ON[1:], AGAIN,
        ("Connection '{id}': It has no token.", ) * 2, connection={"password": ""}, started=False),
]  # fmt: skip


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
        for cell in CELLS[:5]:
            play(ROWS[0], "dbt Cloud", cell, monkeypatch)


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_end_is_the_same_in_all_modes(
    row: Row,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tell: Callable[[str], None],
) -> None:
    monkeypatch.setattr(patience, "NOT_FOUND_GRACE", 0.3)
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
            assert (deferred, rescheduled) == (cell.mode == "deferred", cell.mode == "reschedule")
    tell(f"{row.name}: alike in {len(ends)} cells")


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
    with serving(OneWait(story, lambda: seen.update(instance.xcoms))) as server:
        connection_id = f"cell_{number}"
        if row.connection is not None:
            given = {"conn_type": "x", "host": server.url, "login": str(ACCOUNT), "password": TOKEN}
            text = json.dumps({**given, **row.connection})
            monkeypatch.setenv(f"AIRFLOW_CONN_{connection_id.upper()}", text)
        task = made(row, service, cell, connection_id)
        server.begin()
        ended = run_task(task, instance, Ledger())
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
