"""The pages of a large pipeline are small and soon there."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import pytest

from tests.ui.page import Page, bars, run_path
from tests.ui.rows import Rows
from tests.ui.summaries import BEGAN, dbt_run, sync

NODES, MAPPINGS, RUNS = 2000, 50, 20


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
            told = sync(f"mapping_{number:02d}", added=100 * number, failed=number % 9, began=began)
            rows.sync(run, told)


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
