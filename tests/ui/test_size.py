"""The pages of a large pipeline are small and soon there."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import Any

import pytest

from tests.ui.page import Page, bars, run_path
from tests.ui.rows import Rows, new_id
from tests.ui.summaries import BEGAN, dbt_run, sync

NODES, MAPPINGS, RUNS = 2000, 50, 20
PIPELINES = 500


@pytest.fixture
def large(rows: Rows) -> None:
    """A pipeline of 2,000 nodes and 50 mappings that has run 20 times."""
    rows.dag("large")
    for day in range(RUNS):
        began = BEGAN + timedelta(days=day)
        last = day == RUNS - 1
        run = rows.run("large", f"day_{day}", due=began, state="failed" if last else "success")
        summary = dbt_run(NODES, began=began, seed=day, failed={70} if last else (), threads=16)
        rows.task(run, "build", xcoms={"run_summary": summary})
        for number in range(MAPPINGS):
            told = sync(
                f"mapping_{number:02d}", added=100 * number, rejected=number % 9, began=began
            )
            rows.sync(run, told)


def write_many(rows: Rows) -> None:
    """Write many pipelines with many mappings each, which have run twice."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from sqlalchemy import insert

    now = datetime.now(timezone.utc)
    for number in range(PIPELINES):
        dag_id = rows.dag(f"pipeline_{number:03d}")
        tasks, xcoms = [], []
        for day in range(2):
            began = now - timedelta(days=1 - day, hours=1, seconds=number)
            state = "failed" if day == 1 and number % 100 == 7 else "success"
            run = rows.run(dag_id, f"day_{day}", due=began, state=state)
            for one in range(MAPPINGS):
                failed = 9 if day == 1 and number % 100 == 50 else 0
                told = sync(f"{dag_id}_{one:02d}", rejected=failed, began=began)
                about = {"dag_id": dag_id, "run_id": run.run_id, "task_id": f"sync_{one:02d}"}
                about |= {"map_index": -1}
                tasks.append(
                    about
                    | {"id": new_id(), "operator": "CreateReverseETLManualSyncOperator"}
                    | {"state": "success", "try_number": 1, "max_tries": 0, "pool": "default_pool"}
                    | {"pool_slots": 1, "executor_config": {}}
                )
                kept = {"key": "sync_summary", "value": told, "timestamp": began}
                xcoms.append(about | {"dag_run_id": run.number} | kept)
        with rows.session() as session:
            session.execute(insert(TaskInstance.__table__), tasks)
            session.execute(insert(XComModel.__table__), xcoms)


def test_the_overview_of_many_pipelines_is_bounded(
    rows: Rows, ask: Any, tell: Callable[[str], None], statements: Callable[[], list[str]]
) -> None:
    write_many(rows)
    took = []
    for _ in range(5):
        asked, began = len(statements()), time.perf_counter()
        answer = ask("/dbtsegment/overview")
        took.append(time.perf_counter() - began)
    queries = len(statements()) - asked
    tell(
        f"overview of {PIPELINES} pipelines with {MAPPINGS} mappings each: "
        f"{1000 * median(took):.0f} ms, {len(answer.content) / 1000:.0f} kB, {queries} queries"
    )
    assert len(answer.content) < 400_000
    assert queries < 100
    assert min(took) < 3
    page = Page(answer.text)
    assert f"50 pipelines of {PIPELINES}" in page.root.one("header").text
    lines = [row for row in page.root.all("tr") if "data-dag" in row.attributes]
    assert [row.attributes["data-dag"] for row in lines[:5]] == [
        f"pipeline_{number}07" for number in range(5)
    ]
    card = page.section("Freshness")
    assert len([row for row in card.all("tr") if "data-mapping" in row.attributes]) == 100
    assert "And 2 400 more mappings" in card.text


def test_a_large_pipeline_is_soon_there(large: None, ask: Any, tell: Callable[[str], None]) -> None:
    for name, path, limit in (
        ("run", run_path("large", "day_19"), 500_000),
        ("overview", "/dbtsegment/overview", 150_000),
        ("nodes", "/dbtsegment/nodes/large/build/-1/day_19?part=1", 200_000),
    ):
        took = []
        for _ in range(5):
            began = time.perf_counter()
            answer = ask(path)
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200
        size, packed = len(answer.content), len(gzip.compress(answer.content))
        tell(
            f"{name} page with {NODES} nodes, {MAPPINGS} mappings, {RUNS} runs: "
            f"{1000 * median(took):.0f} ms, {size / 1000:.0f} kB ({packed / 1000:.0f} kB packed)"
        )
        assert size < limit
        assert min(took) < 2
    page = Page(ask(run_path("large", "day_19")).text)
    paths = [
        one
        for one in page.root.all("path", class_="many")
        if "critical" not in one.attributes["class"]
    ]
    drawn = sum(bars(one.attributes["d"]) for one in paths)
    skipped = sum(node[5] < 0 for node in page.data[0]["nodes"])
    assert drawn + len(page.root.all("a", class_="mark")) + skipped == NODES
    assert len(page.section("Rows into tools").one("tbody").all("tr")) == MAPPINGS
