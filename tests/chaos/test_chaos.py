"""A cut of the table that takes a minute or two; `make chaos` runs the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airflow_provider_dbtsegment.demo.airflow_api import run_path
from tests.chaos import database
from tests.chaos.bed import Bed
from tests.chaos.leaks import leaks, tokens
from tests.chaos.play import FINE, Result, play
from tests.chaos.row import DBT_CLOUD, DEFERRED, DEFERRED_SENSOR, SEGMENT, SYNCHRONOUS, Row
from tests.chaos.rows import all_rows
from tests.chaos.scene import RUN

pytestmark = pytest.mark.timeout(600)
#: Fault, point, service and mode of the rows of the cut; each kind of fault is there, but none
#: after which a later attempt has to wait until nobody can hold the lost request any more.
CUT = [
    ("processed, then closed", "starting", DBT_CLOUD, DEFERRED),
    ("processed, then closed", "starting, https behind a proxy", DBT_CLOUD, DEFERRED),
    ("processed, then reset", "starting, http behind a proxy", SEGMENT, SYNCHRONOUS),
    ("502 with a page, though processed", "starting", DBT_CLOUD, SYNCHRONOUS),
    ("answer lost, clock 5 minutes fast", "starting", SEGMENT, DEFERRED),
    ("refused for good", "starting", DBT_CLOUD, DEFERRED),
    ("two operators in one task", "starting", SEGMENT, SYNCHRONOUS),
    ("somebody has written what a marker could look like", "starting", DBT_CLOUD, DEFERRED),
    ("404 for its first seconds", "waiting", DBT_CLOUD, DEFERRED),
    ("bulk listing refused", "waiting", DBT_CLOUD, DEFERRED),
    ("its token is rotated, the old one good for 1 s", "waiting", SEGMENT, DEFERRED),
    ("task killed", "processed, before the answer is read", DBT_CLOUD, DEFERRED),
    ("task killed", "processed, before the answer is read", SEGMENT, DEFERRED),
    ("task killed", "answered, before anything is stored", DBT_CLOUD, SYNCHRONOUS),
    ("task killed", "stored, before deferring", SEGMENT, DEFERRED),
    ("task killed", "after the event, before it is read", DBT_CLOUD, DEFERRED),
    ("worker killed", "while waiting", DBT_CLOUD, SYNCHRONOUS),
    (
        "a Variable names something else",
        "between attempts, the earlier one goes on",
        DBT_CLOUD,
        SYNCHRONOUS,
    ),
    (
        "retries are changed from 1 to 2",
        "before a clear, the earlier one has ended",
        SEGMENT,
        SYNCHRONOUS,
    ),
    ("a person marks it failed", "waiting", DBT_CLOUD, DEFERRED),
    ("a person clears it", "waiting", DBT_CLOUD, DEFERRED),
    ("a person clears it when it is done", "ended", DBT_CLOUD, DEFERRED),
    ("a person clears it when it is done", "ended", SEGMENT, DEFERRED),
    ("dbt Cloud itself cancels the run", "waiting", DBT_CLOUD, DEFERRED),
    ("triggerer killed", "waiting", DBT_CLOUD, DEFERRED),
    ("triggerer killed", "waiting", DBT_CLOUD, DEFERRED_SENSOR),
    ("triggerer killed", "waiting", SEGMENT, DEFERRED),
]


def cut() -> list[Row]:
    """Return the rows of the cut."""
    named = {(row.fault, row.point, row.service, row.mode): row for row in reversed(all_rows())}
    return [named[name] for name in CUT]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """A real Airflow on PostgreSQL."""
    if reason := database.why_not():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("chaos")
    with (
        database.own_database("dbtsegment_cut") as url,
        Bed(folder, cut(), url).running() as bed,
    ):
        yield bed


def test_nothing_is_started_twice_and_nothing_is_lost(
    bed: Bed, tell: Callable[[str], None]
) -> None:
    rows = cut()
    told: list[Result] = []
    results = play(bed, rows, at_once=8, tell=told.append)
    assert [result.row for result in results] == rows
    wrong = [
        f"{result.row.name}: {result.verdict} ({result.message})"
        for result in results
        if result.verdict != FINE
    ]
    assert not wrong, "\n".join(wrong)
    assert not leaks(bed)
    _leak(bed, rows[0])
    assert leaks(bed) == [str(bed.airflow.folder / "leak.log"), "table dag_run_note"]
    tell(f"Chaos: {len(rows)} of the {len(all_rows())} rows of the table are as they should be.")


def _leak(bed: Bed, row: Row) -> None:
    """Let a token stand where none may stand, so that it is known that it would be found."""
    (bed.airflow.folder / "leak.log").write_text(f"Authorization: Token {tokens()[0]}\n")
    bed.airflow.api.request("PATCH", run_path(row.name, RUN), json={"note": tokens()[1]})
